#include "actor/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "net/loop.h"

namespace orrery::actor {
namespace {

// For a loop that has no descriptors: its door is all there is.
class NoPoller final : public net::Poller {
 public:
  void wait(milliseconds) override {}
  void wake_in(milliseconds) override {}
  std::size_t dispatch() override { return 0; }
  Result<void> add(int, net::Watcher&) override { return Error{"no descriptors"}; }
  Result<void> add_shared(int, net::Watcher&) override { return Error{"no descriptors"}; }
  void remove(int, net::Watcher&) override {}
  [[nodiscard]] std::shared_ptr<net::Waker> waker() override { return nullptr; }
};

// A loop that writes down what comes through its door.
class Post final : public Receiver {
 public:
  void receive(std::unique_ptr<Letter> letter) override {
    if (const auto* text = std::get_if<TextLetter>(&letter->content()))
      heard.push_back(std::string(text->payload.view()));
    if (letter->from_itself()) heard.back() += ", from itself";
    if (keeps) kept.push_back(std::move(letter));
  }
  void close(SlotId session, const CloseCause& cause) override {
    heard.push_back("close " + std::to_string(session.slot) + " " + std::to_string(cause.code) +
                    " " + std::string(cause.reason));
  }
  void settle() {
    while (loop.turn(milliseconds{0})) continue;
  }
  [[nodiscard]] std::shared_ptr<Mailbox> mailbox(MailboxLimits limits = {}) {
    return std::make_shared<Mailbox>(door, SlotId{7, 3}, limits);
  }

  ManualClock clock;
  net::Loop loop{clock, std::make_unique<NoPoller>()};
  std::shared_ptr<Door> door = std::make_shared<Door>(loop.inbox(), 0, *this);
  std::vector<std::string> heard;
  std::vector<std::unique_ptr<Letter>> kept;
  bool keeps = false;
};

using Heard = std::vector<std::string>;

TEST(Mailbox, DeliversInTheOrderOfSendingAndNeverBeforeSendReturns) {
  Post post;
  const Address address(post.mailbox());
  for (const auto* text : {"one", "two", "three"}) EXPECT_EQ(address.send(text), Posted::queued);
  EXPECT_TRUE(post.heard.empty());
  post.settle();
  EXPECT_EQ(post.heard, (Heard{"one", "two", "three"}));
}

TEST(Mailbox, CountsLettersUntilTheyAreRead) {
  Post post;
  post.keeps = true;
  const auto mailbox = post.mailbox({.count = 2, .bytes = 100});
  const Address address(mailbox);
  EXPECT_EQ(address.send("one"), Posted::queued);
  EXPECT_EQ(address.send("two"), Posted::queued);
  EXPECT_EQ(address.send("three"), Posted::full);
  post.settle();
  EXPECT_EQ(address.send("still there"), Posted::full);
  EXPECT_EQ(mailbox->take_refused(), 2U);
  EXPECT_EQ(mailbox->take_refused(), 0U);
  post.kept.pop_back();
  EXPECT_EQ(address.send("four"), Posted::queued);
  post.settle();
  post.kept.clear();
  EXPECT_EQ(mailbox->count(), 0U);
  EXPECT_EQ(mailbox->bytes(), 0U);
}

TEST(Mailbox, CountsTheBytesOfPayloads) {
  Post post;
  const auto mailbox = post.mailbox({.count = 100, .bytes = 10});
  const Address address(mailbox);
  EXPECT_EQ(address.send("12345"), Posted::queued);
  EXPECT_EQ(address.send("123456"), Posted::full);
  EXPECT_EQ(address.send("12345"), Posted::queued);
  EXPECT_EQ(address.send(""), Posted::queued);
  post.settle();
  EXPECT_EQ(address.send("1234567890"), Posted::queued);
}

TEST(Mailbox, ThatIsFullMayCloseItsSessionInstead) {
  Post post;
  const Address address(
      post.mailbox({.count = 1, .bytes = 100, .overflow = MailboxOverflow::close}));
  EXPECT_EQ(address.send("one"), Posted::queued);
  EXPECT_EQ(address.send("two"), Posted::full);
  EXPECT_EQ(address.send("three"), Posted::full);
  post.settle();
  EXPECT_EQ(post.heard, (Heard{"one", "close 7 1008 mailbox full"}));
}

TEST(Mailbox, ClosesOnceAndWithoutRoom) {
  Post post;
  const Address address(post.mailbox({.count = 0, .bytes = 0}));
  EXPECT_EQ(address.send("no room"), Posted::full);
  EXPECT_EQ(address.close(4000, "enough"), Posted::queued);
  EXPECT_EQ(address.close(4001, "more than enough"), Posted::queued);
  post.settle();
  EXPECT_EQ(post.heard, (Heard{"close 7 4000 enough"}));
}

TEST(Mailbox, OfASessionThatEndedSaysGone) {
  Post post;
  const auto mailbox = post.mailbox();
  const Address address(mailbox);
  EXPECT_TRUE(address.alive());
  mailbox->end();
  EXPECT_FALSE(address.alive());
  EXPECT_EQ(address.send("late"), Posted::gone);
  EXPECT_EQ(address.close(1000), Posted::gone);
  post.settle();
  EXPECT_TRUE(post.heard.empty());
}

TEST(Mailbox, OutlivesItsLoop) {
  auto post = std::make_unique<Post>();
  const auto mailbox = post->mailbox();
  const Address address(mailbox);
  EXPECT_EQ(address.send("under way"), Posted::queued);
  EXPECT_EQ(address.close(4000), Posted::queued);
  post->loop.inbox()->close();
  post.reset();
  EXPECT_EQ(address.send("late"), Posted::gone);
  EXPECT_EQ(mailbox->count(), 0U);  // what was under way gave its room back
}

TEST(Mailbox, KnowsWhatASessionSendsToItself) {
  Post post;
  const auto mailbox = post.mailbox();
  const Address address(mailbox);
  post.door->runs(mailbox->session());
  EXPECT_EQ(address.send("mine"), Posted::queued);
  post.door->runs({mailbox->session().slot, mailbox->session().generation + 1});
  EXPECT_EQ(address.send("from a neighbour"), Posted::queued);
  post.door->rests();
  EXPECT_EQ(address.send("from outside"), Posted::queued);
  post.settle();
  EXPECT_EQ(post.heard, (Heard{"mine, from itself", "from a neighbour", "from outside"}));
}

TEST(Mailbox, TakesLettersFromManyThreadsEachInItsOrder) {
  Post post;
  constexpr int threads = 4, letters = 2000;
  const auto mailbox = post.mailbox({.count = threads * letters, .bytes = 1 << 20});
  std::vector<std::thread> senders;
  for (int who = 0; who < threads; ++who)
    senders.emplace_back([who, address = Address(mailbox)] {
      for (int i = 0; i < letters; ++i)
        EXPECT_EQ(address.send(std::to_string(who) + " " + std::to_string(i)), Posted::queued);
    });
  while (post.heard.size() < threads * letters) post.settle();
  for (auto& sender : senders) sender.join();
  std::vector<int> next(threads, 0);
  for (const auto& line : post.heard) {
    const auto who = static_cast<std::size_t>(line[0] - '0');
    EXPECT_EQ(line.substr(2), std::to_string(next[who]++));
  }
  EXPECT_EQ(mailbox->count(), 0U);
}

TEST(Address, OfNobodyIsGone) {
  const Address nobody;
  EXPECT_FALSE(nobody.alive());
  EXPECT_EQ(nobody.send("hello"), Posted::gone);
  EXPECT_EQ(nobody.close(1000), Posted::gone);
  EXPECT_EQ(nobody.id(), "nobody");
}

TEST(Address, IsAValueThatIsEqualToItsCopies) {
  Post post;
  const Address one(post.mailbox()), other(post.mailbox());
  const Address copy = one;
  EXPECT_EQ(copy, one);
  EXPECT_NE(other, one);
  EXPECT_EQ(std::hash<Address>{}(copy), std::hash<Address>{}(one));
  EXPECT_EQ(one.id(), "0.7.3");
}

}  // namespace
}  // namespace orrery::actor
