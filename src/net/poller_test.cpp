#include "net/poller.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "net/descriptors.h"
#include "net/poller_fixture.h"

namespace orrery::net {
namespace {

using namespace std::chrono_literals;

class Listening final : public Watcher {
 public:
  void on_ready(bool readable, bool writable, bool hangup) override {
    ++calls;
    was_readable = readable, was_writable = writable, was_hangup = hangup;
    if (action) action();
  }
  int calls = 0;
  bool was_readable = false;
  bool was_writable = false;
  bool was_hangup = false;
  std::function<void()> action;
};

struct Pair {
  Pair() {
    int fds[2] = {};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    here = Descriptor(fds[0]);
    there = Descriptor(fds[1]);
  }
  void say(char byte) const { EXPECT_EQ(::write(there.get(), &byte, 1), 1); }
  Descriptor here;
  Descriptor there;
};

struct PollerTest : testing::TestWithParam<TestedPoller> {
  std::unique_ptr<Poller> poller = GetParam()();
  std::size_t poll(milliseconds timeout = 0ms) {
    poller->wait(timeout);
    return poller->dispatch();
  }
};

TEST_P(PollerTest, TellsEachEdgeOnce) {
  Pair pair;
  Listening watcher;
  ASSERT_TRUE(poller->add(pair.here.get(), watcher).ok());
  EXPECT_EQ(poll(), 1U);
  EXPECT_TRUE(watcher.was_writable && !watcher.was_readable && !watcher.was_hangup);
  EXPECT_EQ(poll(), 0U);
  pair.say('x');
  EXPECT_EQ(poll(1000ms), 1U);
  EXPECT_TRUE(watcher.was_readable);
  EXPECT_EQ(poll(), 0U) << "edge-triggered: not told twice";
  pair.there.close();
  EXPECT_EQ(poll(1000ms), 1U);
  EXPECT_TRUE(watcher.was_hangup);
}

TEST_P(PollerTest, SharedDescriptorsAreToldUntilTheyAreRead) {
  Pair pair;
  Listening watcher;
  ASSERT_TRUE(poller->add_shared(pair.here.get(), watcher).ok());
  EXPECT_EQ(poll(), 0U) << "not for being writable";
  pair.say('x');
  EXPECT_EQ(poll(1000ms), 1U);
  EXPECT_EQ(poll(1000ms), 1U);
}

TEST_P(PollerTest, ARemovedWatcherIsNotToldWhatWasAlreadyFound) {
  Pair pairs[2];
  Listening watchers[2];
  for (int i : {0, 1}) {
    ASSERT_TRUE(poller->add(pairs[i].here.get(), watchers[i]).ok());
    const int other = 1 - i;
    watchers[i].action = [&, other] { poller->remove(pairs[other].here.get(), watchers[other]); };
  }
  EXPECT_EQ(poll(), 1U) << "both were ready; whoever came first removed the other";
  EXPECT_EQ(watchers[0].calls + watchers[1].calls, 1);
}

TEST_P(PollerTest, AWatcherMayRemoveItself) {
  Pair pair;
  Listening watcher;
  ASSERT_TRUE(poller->add(pair.here.get(), watcher).ok());
  watcher.action = [&] { poller->remove(pair.here.get(), watcher); };
  EXPECT_EQ(poll(), 1U);
  pair.say('x');
  EXPECT_EQ(poll(), 0U);
}

TEST_P(PollerTest, WakeEndsAWaitFromAnotherThreadAndOneThatComesLater) {
  poller->waker()->wake();
  EXPECT_EQ(poll(-1ms), 0U);
  for (int i = 0; i < 100; ++i) {
    std::thread other([&] { poller->waker()->wake(); });
    EXPECT_EQ(poll(-1ms), 0U);
    other.join();
  }
}

TEST_P(PollerTest, ManyReadyBesideAWakeUp) {
  Pair pairs[4];
  Listening watchers[4];
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(poller->add(pairs[i].here.get(), watchers[i]).ok());
  poller->waker()->wake();
  EXPECT_EQ(poll(), 4U);
  for (const auto& watcher : watchers) EXPECT_EQ(watcher.calls, 1);
}

TEST_P(PollerTest, TheAlarmEndsOneWaitAtTheTimeThatWasSetLast) {
  for (int i = 0; i < 3; ++i) {
    poller->wake_in(24h);
    poller->wake_in(1ms);
    EXPECT_EQ(poll(-1ms), 0U);
  }
}

TEST_P(PollerTest, WhatCannotBeWatchedIsAnError) {
  Listening watcher;
  const auto added = poller->add(-1, watcher);
  ASSERT_FALSE(added.ok());
  EXPECT_NE(added.error().find("cannot watch"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(On, PollerTest, testing::ValuesIn(tested_pollers()), name_of_case);

}  // namespace
}  // namespace orrery::net
