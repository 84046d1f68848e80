#include "pools/ledger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "pools/storm.h"

namespace orrery::pools {
namespace {

constexpr std::size_t step = Ledger::most_step_bytes;
constexpr std::size_t many_steps = 1'000 * step;

std::shared_ptr<Ledger> ledger_of(std::size_t bytes) {
  return std::make_shared<Ledger>(bytes);
}

TEST(Ledger, ALoopBorrowsAStepAndChargesFromIt) {
  const auto ledger = ledger_of(many_steps);
  LoopAccount account(ledger);
  ASSERT_TRUE(account.charge(100));
  EXPECT_EQ(ledger->lent_bytes(), step);
  ASSERT_TRUE(account.charge(step - 100));
  EXPECT_EQ(ledger->lent_bytes(), step);
  ASSERT_TRUE(account.charge(1));
  EXPECT_EQ(ledger->lent_bytes(), 2 * step);
  account.release(step + 1);
}

TEST(Ledger, WhatNeedsManyStepsBorrowsThemAtOnce) {
  const auto ledger = ledger_of(many_steps);
  LoopAccount account(ledger);
  ASSERT_TRUE(account.charge(3 * step + 1));
  EXPECT_EQ(ledger->lent_bytes(), 4 * step);
  account.release(3 * step + 1);
  EXPECT_EQ(ledger->lent_bytes(), step) << "one step stays for the next charge";
}

TEST(Ledger, ASessionThatGrowsAndShrinksAroundAStepLeavesTheLedgerAlone) {
  const auto ledger = ledger_of(many_steps);
  LoopAccount account(ledger);
  ASSERT_TRUE(account.charge(step));
  ASSERT_TRUE(account.charge(10));
  const auto lent = ledger->lent_bytes();
  for (int i = 0; i < 100; ++i) {
    account.release(10);
    EXPECT_EQ(ledger->lent_bytes(), lent);
    ASSERT_TRUE(account.charge(10));
    EXPECT_EQ(ledger->lent_bytes(), lent);
  }
  account.release(step + 10);
}

TEST(Ledger, AnAccountThatSettlesKeepsOnlyWhatIsInUse) {
  const auto ledger = ledger_of(many_steps);
  LoopAccount account(ledger);
  ASSERT_TRUE(account.charge(70));
  account.settle();
  EXPECT_EQ(ledger->lent_bytes(), 70u);
  account.release(70);
  account.settle();
  EXPECT_EQ(ledger->lent_bytes(), 0u);
}

TEST(Ledger, AnAccountThatEndsGivesItsSpareStepBack) {
  const auto ledger = ledger_of(many_steps);
  {
    LoopAccount account(ledger);
    ASSERT_TRUE(account.charge(5));
    account.release(5);
    EXPECT_EQ(ledger->lent_bytes(), step);
  }
  EXPECT_EQ(ledger->lent_bytes(), 0u);
}

TEST(Ledger, NothingIsLentBeyondTheLimit) {
  const auto ledger = ledger_of(64 * step);
  LoopAccount account(ledger);
  ASSERT_TRUE(account.charge(64 * step - 1));
  EXPECT_TRUE(ledger->full());
  EXPECT_FALSE(account.charge(2));
  EXPECT_EQ(account.used_bytes(), 64 * step - 1);
  EXPECT_TRUE(account.charge(1));
  EXPECT_FALSE(account.charge(1));
  account.release(64 * step);
  EXPECT_FALSE(ledger->full());
}

TEST(Ledger, TheLastPartOfAStepIsLentToo) {
  const auto ledger = ledger_of(64 * step + 10);
  LoopAccount first(ledger);
  LoopAccount second(ledger);
  ASSERT_TRUE(first.charge(64 * step));
  EXPECT_TRUE(second.charge(10));
  EXPECT_EQ(ledger->lent_bytes(), ledger->limit_bytes());
  first.release(64 * step);
  second.release(10);
}

TEST(Ledger, ASmallPoolLendsSmallSteps) {
  const auto ledger = ledger_of(64 * 1'000);
  LoopAccount account(ledger);
  ASSERT_TRUE(account.charge(1));
  EXPECT_EQ(ledger->lent_bytes(), 1'000u);
  EXPECT_FALSE(ledger->full());
  account.release(1);
}

TEST(Ledger, APoolWithoutMemoryIsFull) {
  const auto ledger = ledger_of(0);
  LoopAccount account(ledger);
  EXPECT_TRUE(ledger->full());
  EXPECT_FALSE(account.charge(1));
  EXPECT_TRUE(account.charge(0));
}

TEST(Ledger, ALimitThatIsNoneNeverOverflows) {
  const auto ledger = ledger_of(~std::size_t{0});
  LoopAccount account(ledger);
  ASSERT_TRUE(account.charge(~std::size_t{0} - 5));
  EXPECT_FALSE(account.charge(6));
  EXPECT_TRUE(account.charge(5));
  account.release(~std::size_t{0});
}

TEST(Ledger, ALoopOfAFullPoolKeepsNoSpareStep) {
  const auto ledger = ledger_of(64 * step);
  LoopAccount greedy(ledger);
  LoopAccount modest(ledger);
  ASSERT_TRUE(modest.charge(step));
  ASSERT_TRUE(greedy.charge(63 * step));
  ASSERT_TRUE(ledger->full());
  modest.release(step);
  EXPECT_EQ(modest.borrowed_bytes(), 0u);
  EXPECT_TRUE(greedy.charge(step));
  greedy.release(64 * step);
}

TEST(Ledger, ALowerLimitTakesNothingAwayAndLendsNothing) {
  const auto ledger = ledger_of(many_steps);
  LoopAccount account(ledger);
  ASSERT_TRUE(account.charge(10 * step));
  ledger->set_limit(2 * step);
  EXPECT_TRUE(ledger->full());
  EXPECT_FALSE(account.charge(1));
  EXPECT_EQ(account.used_bytes(), 10 * step);
  account.release(9 * step);
  EXPECT_TRUE(account.charge(1));
  account.release(step + 1);
}

TEST(Ledger, AHigherLimitLendsAgain) {
  const auto ledger = ledger_of(10);
  LoopAccount account(ledger);
  ASSERT_FALSE(account.charge(11));
  ledger->set_limit(11);
  EXPECT_TRUE(account.charge(11));
  account.release(11);
}

TEST(SharedCharge, APayloadIsChargedOnceHoweverManyHoldIt) {
  const auto ledger = ledger_of(1'000);
  {
    const auto charge = SharedCharge::of(ledger, 300);
    ASSERT_TRUE(charge);
    const std::vector<SharedCharge> copies(50, charge);
    EXPECT_EQ(ledger->lent_bytes(), 300u);
    EXPECT_EQ(copies.back().bytes(), 300u);
  }
  EXPECT_EQ(ledger->lent_bytes(), 0u);
}

TEST(SharedCharge, BeyondTheLimitItIsEmpty) {
  const auto ledger = ledger_of(1'000);
  const auto charge = SharedCharge::of(ledger, 800);
  EXPECT_FALSE(SharedCharge::of(ledger, 201));
  EXPECT_TRUE(SharedCharge::of(ledger, 200));
  EXPECT_EQ(ledger->lent_bytes(), 800u);
}

TEST(SharedCharge, ItMayOutliveThePool) {
  auto ledger = ledger_of(1'000);
  const auto charge = SharedCharge::of(ledger, 1);
  const std::weak_ptr<Ledger> watched = ledger;
  ledger.reset();
  EXPECT_FALSE(watched.expired());
  EXPECT_EQ(charge.bytes(), 1u);
}

TEST(LedgerInAStorm, TheLedgerIsTheSumOfItsLoansAndNeverAboveTheLimit) {
  const std::size_t limit = 80 * step;
  const auto ledger = ledger_of(limit);
  std::atomic<bool> above{false};
  std::atomic<std::size_t> refused{0};
  storm(6, [&](std::size_t index) {
    SCOPED_TRACE(testing::Message() << "seed " << index);
    std::mt19937_64 random(index);
    LoopAccount account(ledger);
    std::vector<std::size_t> charged;
    for (int i = 0; i < 20'000; ++i) {
      const std::size_t bytes = random() % (3 * step);
      if (random() % 2 == 0 && account.charge(bytes)) {
        charged.push_back(bytes);
      } else if (!charged.empty()) {
        account.release(charged.back());
        charged.pop_back();
        ++refused;
      }
      if (account.borrowed_bytes() < account.used_bytes()) above = true;
      if (ledger->lent_bytes() > limit) above = true;
      if (i % 1'000 == 0) account.settle();
    }
    for (const auto bytes : charged) account.release(bytes);
  });
  EXPECT_FALSE(above);
  EXPECT_GT(refused, 0u);
  EXPECT_EQ(ledger->lent_bytes(), 0u);
}

TEST(LedgerInAStorm, WhileAllHoldTheLedgerIsExactlyWhatTheyBorrowed) {
  const auto ledger = ledger_of(50 * step);
  std::vector<std::unique_ptr<LoopAccount>> accounts;
  for (int i = 0; i < 6; ++i) accounts.push_back(std::make_unique<LoopAccount>(ledger));
  storm(6, [&](std::size_t index) {
    while (accounts[index]->charge(step / 3 + index)) {
    }
  });
  std::size_t borrowed = 0;
  for (const auto& account : accounts) borrowed += account->borrowed_bytes();
  EXPECT_EQ(ledger->lent_bytes(), borrowed);
  EXPECT_LE(borrowed, ledger->limit_bytes());
  EXPECT_TRUE(ledger->full());
  for (const auto& account : accounts) account->release(account->used_bytes());
}

TEST(LedgerInAStorm, ACopyOfAChargeMayEndOnAnyThread) {
  const auto ledger = ledger_of(1'000'000);
  auto charge = SharedCharge::of(ledger, 64);
  std::vector<std::vector<SharedCharge>> held(4, std::vector<SharedCharge>(1'000, charge));
  charge = {};
  storm(4, [&](std::size_t index) { held[index].clear(); });
  EXPECT_EQ(ledger->lent_bytes(), 0u);
}

}  // namespace
}  // namespace orrery::pools
