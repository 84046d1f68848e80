#include "net/memory_stream.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "net/manual_poller.h"
#include "net/stream_talker.h"

namespace orrery::net {
namespace {

using Answer = StreamTalker::Answer;

class MemoryStreamTest : public testing::Test {
 protected:
  void connect(MemoryOptions options = {}) {
    auto made = MemoryStream::pair(loop, std::move(options));
    alice_stream = std::move(made.first);
    bob_stream = std::move(made.second);
  }
  void connect_by_hand(MemoryOptions options = {}, Answer answer = Answer::nothing) {
    auto made = MemoryStream::driven(loop, std::move(options));
    alice_stream = std::move(made.first);
    hand = std::move(made.second);
    alice.sit_on(*alice_stream, answer);
  }
  void settle() {
    for (int turns = 0; loop.turn(milliseconds{0}); ++turns)
      ASSERT_LT(turns, 100'000) << "the loop never comes to rest";
  }

  ManualClock clock;
  Loop loop{clock, std::make_unique<ManualPoller>()};
  std::unique_ptr<MemoryStream> alice_stream, bob_stream;
  StreamTalker alice, bob;
  MemoryEnd hand;
};

std::string long_text(std::size_t bytes) {
  std::string text(bytes, ' ');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

TEST_F(MemoryStreamTest, WhatOneEndSaysTheOtherHearsInTheNextTurn) {
  connect();
  alice.sit_on(*alice_stream);
  bob.sit_on(*bob_stream);
  alice.say("good ");
  alice.say("morning");
  EXPECT_EQ(bob.heard, "");
  settle();
  EXPECT_EQ(bob.heard, "good morning");
  EXPECT_EQ(alice.heard, "");
}

TEST_F(MemoryStreamTest, BytesArriveInTheReadBufferOfTheLoop) {
  struct Placed : StreamTalker {
    const char* where = nullptr;
    void on_bytes(std::span<char> bytes) override { where = bytes.data(); }
  } placed;
  connect();
  placed.sit_on(*bob_stream);
  alice.sit_on(*alice_stream);
  alice.say("x");
  settle();
  EXPECT_EQ(placed.where, loop.read_buffer().data());
}

TEST_F(MemoryStreamTest, BytesWrittenBeforeTheOtherEndStartsAreNotLost) {
  connect();
  alice.sit_on(*alice_stream);
  alice.say("early");
  alice.finish();
  settle();
  bob.sit_on(*bob_stream);
  EXPECT_EQ(bob.heard, "") << "start() tells nothing before it returns";
  settle();
  EXPECT_EQ(bob.heard, "early");
  EXPECT_EQ(bob.ends, 1U);
  EXPECT_EQ(bob.end_error, 0);
}

TEST_F(MemoryStreamTest, ChunksAreToldOnePerTurn) {
  connect({.chunk_bytes = 1});
  alice.sit_on(*alice_stream);
  bob.sit_on(*bob_stream);
  alice.say("abc");
  loop.turn(milliseconds{0});
  EXPECT_EQ(bob.heard, "a");
  settle();
  EXPECT_EQ(bob.heard, "abc");
  EXPECT_EQ(bob.deliveries, 3U);
}

TEST_F(MemoryStreamTest, AWriteTakesNoMoreThanTheWindowAndSaysWhenThereIsRoom) {
  for (std::size_t window = 1; window <= 64; ++window) {
    connect({.window_bytes = window});
    StreamTalker sender;
    StreamTalker echo;
    sender.sit_on(*alice_stream);
    echo.sit_on(*bob_stream, Answer::echo);
    const auto text = long_text(500);
    sender.say(text);
    sender.finish();
    settle();
    EXPECT_EQ(echo.heard, text) << "window " << window;
    EXPECT_EQ(sender.heard, text) << "window " << window;
    EXPECT_EQ(sender.ends, 1U);
    EXPECT_GE(sender.writables, 500 / window - 1);
  }
}

TEST_F(MemoryStreamTest, APieceThatDoesNotFitIsTakenInPart) {
  connect_by_hand({.window_bytes = 5});
  std::string one = "abc";
  std::string two = "def";
  const iovec pieces[] = {{one.data(), 3}, {two.data(), 3}};
  EXPECT_EQ(alice_stream->write(pieces).bytes, 5U);
  EXPECT_EQ(alice_stream->write(pieces).bytes, 0U);
  EXPECT_EQ(hand.read(), "abcde");
  settle();
  EXPECT_EQ(alice.writables, 1U);
}

TEST_F(MemoryStreamTest, PausedMeansSilenceUntilResumed) {
  connect_by_hand();
  alice.pauses_at = 1;
  hand.write("first");
  settle();
  hand.write("second");
  hand.finish_writing();
  settle();
  EXPECT_EQ(alice.heard, "first");
  EXPECT_EQ(alice.ends, 0U);
  alice_stream->resume_reading();
  EXPECT_EQ(alice.heard, "first") << "resume_reading() tells nothing before it returns";
  settle();
  EXPECT_EQ(alice.heard, "firstsecond");
}

TEST_F(MemoryStreamTest, ABrokenPeerIsToldEvenWhilePaused) {
  connect_by_hand();
  alice_stream->pause_reading();
  hand.write("never read");
  hand.reset();
  settle();
  EXPECT_EQ(alice.heard, "");
  EXPECT_EQ(alice.ends, 1U);
  EXPECT_EQ(alice.end_error, ECONNRESET);
}

TEST_F(MemoryStreamTest, AFinishedPeerIsToldOnceAndCanStillBeAnswered) {
  connect_by_hand();
  hand.write("question");
  hand.finish_writing();
  settle();
  EXPECT_EQ(alice.heard, "question");
  EXPECT_EQ(alice.ends, 1U);
  EXPECT_EQ(alice.end_error, 0);
  alice.say("answer");
  alice.finish();
  settle();
  EXPECT_EQ(hand.state(), MemoryState::open) << "there is something to read";
  EXPECT_EQ(hand.read(), "answer");
  EXPECT_EQ(hand.state(), MemoryState::finished);
  EXPECT_EQ(alice.ends, 1U);
}

TEST_F(MemoryStreamTest, AfterThePeersEndAWriterIsStillToldOfRoomAndOfTrouble) {
  connect_by_hand({.window_bytes = 4});
  hand.finish_writing();
  settle();
  ASSERT_EQ(alice.ends, 1U);
  alice.say("0123456789");
  EXPECT_EQ(hand.read(), "0123");
  settle();
  EXPECT_EQ(hand.readable(), 4U);
  hand.reset();
  settle();
  EXPECT_EQ(alice.ends, 1U);
  EXPECT_EQ(alice.write_error, ECONNRESET);
}

TEST_F(MemoryStreamTest, AbortResetsThePeerAndTellsNobodyElse) {
  connect();
  alice.sit_on(*alice_stream);
  bob.sit_on(*bob_stream);
  alice.say("lost");
  alice_stream->abort();
  settle();
  EXPECT_EQ(bob.heard, "");
  EXPECT_EQ(bob.ends, 1U);
  EXPECT_EQ(bob.end_error, ECONNRESET);
  EXPECT_EQ(alice.ends, 0U);
  bob.say("anyone?");
  EXPECT_NE(bob.write_error, 0);
}

TEST_F(MemoryStreamTest, ADestroyedStreamFinishes) {
  connect_by_hand();
  alice.say("bye");
  alice_stream.reset();
  EXPECT_EQ(hand.read(), "bye");
  EXPECT_EQ(hand.state(), MemoryState::finished);
  EXPECT_EQ(hand.write("late"), 0U);
}

TEST_F(MemoryStreamTest, ADestroyedStreamThatLeftBytesUnreadResets) {
  connect_by_hand();
  alice.say("bye");
  hand.write("wait");
  alice_stream.reset();
  EXPECT_EQ(hand.state(), MemoryState::reset);
  EXPECT_EQ(hand.read(), "");
}

TEST_F(MemoryStreamTest, AClientThatVanishesIsNoticed) {
  connect_by_hand();
  alice.say("unread");
  hand = MemoryEnd{};
  settle();
  EXPECT_EQ(alice.ends, 1U);
  EXPECT_EQ(alice.end_error, ECONNRESET);
  EXPECT_TRUE(hand.closed());
}

TEST_F(MemoryStreamTest, AClientThatStopsReadingFillsItsWindow) {
  connect_by_hand({.window_bytes = 8});
  alice.say("0123456789");
  settle();
  EXPECT_EQ(hand.readable(), 8U);
  hand.set_window(9);
  settle();
  EXPECT_EQ(hand.readable(), 9U);
  EXPECT_EQ(hand.read(), "012345678");
  settle();
  EXPECT_EQ(hand.read(), "9");
}

TEST_F(MemoryStreamTest, EveryOperationCanFail) {
  const auto converse = [this](std::size_t failing) {
    auto made = MemoryStream::driven(loop, {.chunk_bytes = 3});
    StreamTalker echo;
    echo.sit_on(*made.first, Answer::echo);
    if (failing > 0) made.second.fail_stream_operation(failing, EIO);
    made.second.write("abcdefghi");
    settle();
    if (failing > 0) {
      EXPECT_EQ(echo.ends, 1U) << "operation " << failing;
      EXPECT_EQ(echo.end_error, EIO) << "operation " << failing;
      EXPECT_EQ(made.second.state(), MemoryState::reset) << "operation " << failing;
    } else {
      EXPECT_EQ(made.second.read(), "abcdefghi");
    }
    return made.first->operations();
  };
  const auto operations = converse(0);
  EXPECT_EQ(operations, 6U) << "three deliveries and three answers";
  for (std::size_t n = 1; n <= operations; ++n) EXPECT_EQ(converse(n), n);
}

TEST_F(MemoryStreamTest, ThePeerIsWhoTheTestSays) {
  connect({.peer = {"2001:db8::7", 4711}});
  EXPECT_EQ(alice_stream->peer().address, "2001:db8::7");
  EXPECT_EQ(alice_stream->peer().port, 4711);
  EXPECT_FALSE(alice_stream->encrypted());
}

TEST(ByteQueueTest, KeepsTheOrderAndNoMemoryWhileEmpty) {
  ByteQueue queue;
  std::string taken;
  for (int i = 0; i < 100; ++i) {
    queue.append(std::string(7, static_cast<char>('a' + i % 26)));
    taken.append(queue.front().substr(0, 5));
    queue.consume(5);
  }
  EXPECT_EQ(queue.size(), 200U);
  taken.append(queue.front());
  queue.consume(200);
  EXPECT_TRUE(queue.empty());
  std::string expected;
  for (int i = 0; i < 100; ++i) expected.append(7, static_cast<char>('a' + i % 26));
  EXPECT_EQ(taken, expected);
}

}  // namespace
}  // namespace orrery::net
