#include "net/inbox.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace orrery::net {
namespace {

class Letter final : public InboxNode {
 public:
  Letter(std::string& transcript, std::string text) : transcript_(transcript), text_(text) {}
  void run() override { transcript_ += text_ + " "; }
  void dropped() override { transcript_ += "dropped:" + text_ + " "; }

 private:
  std::string& transcript_;
  std::string text_;
};

// Counts how often the loop would have been woken.
class CountingWaker final : public Waker {
 public:
  void wake() override {
    wakes.fetch_add(1);
    wakes.notify_one();
  }
  std::atomic<int> wakes{0};
};

TEST(Inbox, RunsInTheOrderOfPosting) {
  std::string transcript;
  Letter a(transcript, "a"), b(transcript, "b"), c(transcript, "c");
  Inbox inbox(nullptr);
  for (Letter* letter : {&a, &b, &c}) EXPECT_TRUE(inbox.post(*letter));
  EXPECT_EQ(inbox.drain(10), 3U);
  EXPECT_EQ(transcript, "a b c ");
  EXPECT_TRUE(inbox.empty());
}

TEST(Inbox, ABatchIsBoundedAndTheRestKeepsItsPlace) {
  std::string transcript;
  Letter a(transcript, "a"), b(transcript, "b"), c(transcript, "c");
  Inbox inbox(nullptr);
  EXPECT_TRUE(inbox.post(a) && inbox.post(b));
  EXPECT_EQ(inbox.drain(1), 1U);
  EXPECT_TRUE(inbox.post(c));
  EXPECT_FALSE(inbox.empty());
  EXPECT_EQ(inbox.drain(10), 2U);
  EXPECT_EQ(transcript, "a b c ");
}

TEST(Inbox, WhoIsPutBackRunsFirstNextTimeAndNobodyBehindItBefore) {
  class Lengthy final : public InboxNode {
   public:
    Lengthy(Inbox& in, std::string& transcript) : in_(in), transcript_(transcript) {}
    void run() override {
      transcript_ += "part ";
      if (--parts_ > 0) in_.put_back(*this);
    }

   private:
    Inbox& in_;
    std::string& transcript_;
    int parts_ = 3;
  };
  std::string transcript;
  Inbox inbox(nullptr);
  Letter a(transcript, "a"), b(transcript, "b"), c(transcript, "c");
  Lengthy lengthy(inbox, transcript);
  EXPECT_TRUE(inbox.post(a) && inbox.post(lengthy) && inbox.post(b));
  EXPECT_EQ(inbox.drain(10), 2U);
  EXPECT_EQ(transcript, "a part ");
  EXPECT_TRUE(inbox.post(c));
  EXPECT_FALSE(inbox.may_sleep());
  EXPECT_EQ(inbox.drain(10), 1U);
  EXPECT_EQ(inbox.drain(10), 3U);
  EXPECT_EQ(transcript, "a part part part b c ");
  EXPECT_TRUE(inbox.empty());
}

TEST(Inbox, ASleeperIsWokenOncePerBatch) {
  std::string transcript;
  Letter a(transcript, "a"), b(transcript, "b");
  const auto waker = std::make_shared<CountingWaker>();
  Inbox inbox(waker);
  ASSERT_TRUE(inbox.may_sleep());
  EXPECT_TRUE(inbox.post(a));
  EXPECT_EQ(waker->wakes, 1);
  EXPECT_TRUE(inbox.post(b));
  EXPECT_EQ(waker->wakes, 1);
  EXPECT_FALSE(inbox.may_sleep()) << "work is waiting";
  inbox.drain(10);
  EXPECT_TRUE(inbox.may_sleep());
}

TEST(Inbox, WorkThatWasNotRunIsDropped) {
  std::string transcript;
  Letter a(transcript, "a"), b(transcript, "b"), c(transcript, "c");
  {
    Inbox inbox(nullptr);
    EXPECT_TRUE(inbox.post(a) && inbox.post(b) && inbox.post(c));
    inbox.drain(1);
    inbox.close();
  }
  EXPECT_EQ(transcript, "a dropped:b dropped:c ");
}

TEST(Inbox, AClosedOneTakesNothing) {
  std::string transcript;
  Letter a(transcript, "a");
  Inbox inbox(nullptr);
  inbox.close();
  EXPECT_FALSE(inbox.post(a));
  inbox.close();
  EXPECT_EQ(transcript, "");
}

TEST(Inbox, PostersThatMeetItsEndAreTakenOrTold) {
  struct Counted final : InboxNode {
    void run() override { ++handled; }
    void dropped() override { ++handled; }
    int handled = 0;
  };
  constexpr std::size_t posts = 2000;
  std::vector<std::vector<Counted>> nodes;
  for (int p = 0; p < 3; ++p) nodes.emplace_back(posts);
  Inbox inbox(nullptr);
  std::atomic<std::size_t> refused{0};
  std::vector<std::thread> threads;
  for (auto& mine : nodes)
    threads.emplace_back([&] {
      for (auto& node : mine)
        if (!inbox.post(node)) refused.fetch_add(1);
    });
  for (int i = 0; i < 50; ++i) inbox.drain(20);
  inbox.close();
  for (auto& thread : threads) thread.join();
  std::size_t handled = 0;
  for (auto& mine : nodes)
    for (auto& node : mine) handled += static_cast<std::size_t>(node.handled);
  EXPECT_EQ(handled + refused, 3 * posts);
}

// A node that counts, and is pushed again by its producer only after it was run.
class Ticket final : public InboxNode {
 public:
  void run() override {
    in_order = in_order && sequence == *seen + 1;
    *seen = sequence;
    free.store(true, std::memory_order_release);
  }
  int sequence = 0;
  int* seen = nullptr;  // the last sequence of this producer
  bool in_order = true;
  std::atomic<bool> free{true};
};

TEST(Inbox, FourProducersLoseNothingAndKeepTheirOrder) {
  constexpr int producers = 4;
  constexpr int rounds = 5000;
  const auto waker = std::make_shared<CountingWaker>();
  Inbox inbox(waker);
  int seen[producers] = {};
  std::vector<std::vector<Ticket>> tickets;
  for (int p = 0; p < producers; ++p) {
    tickets.emplace_back(64);
    for (auto& ticket : tickets.back()) ticket.seen = &seen[p];
  }
  std::vector<std::thread> threads;
  for (int p = 0; p < producers; ++p) {
    threads.emplace_back([&, p] {
      for (int i = 1; i <= rounds; ++i) {
        Ticket& ticket = tickets[static_cast<std::size_t>(p)][static_cast<std::size_t>(i % 64)];
        while (!ticket.free.load(std::memory_order_acquire)) std::this_thread::yield();
        ticket.free.store(false, std::memory_order_relaxed);
        ticket.sequence = i;
        if (!inbox.post(ticket)) return;
      }
    });
  }
  // The consumer really sleeps on the wake-ups: a lost one would hang here.
  int woken = 0;
  for (std::size_t ran = 0; ran < static_cast<std::size_t>(producers) * rounds;) {
    if (inbox.may_sleep()) {
      waker->wakes.wait(woken);
      woken = waker->wakes.load();
      inbox.awake();
    }
    ran += inbox.drain(100);
  }
  for (auto& thread : threads) thread.join();
  for (int p = 0; p < producers; ++p) {
    EXPECT_EQ(seen[p], rounds);
    for (auto& ticket : tickets[static_cast<std::size_t>(p)]) EXPECT_TRUE(ticket.in_order);
  }
}

}  // namespace
}  // namespace orrery::net
