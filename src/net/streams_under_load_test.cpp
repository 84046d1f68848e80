// Many streams, much data and sudden ends, on each kind of poller: what a stream promises holds.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/poller_fixture.h"
#include "net/tcp_stream.h"

namespace orrery::net {
namespace {

using namespace std::chrono_literals;

// A stream, its listener and the socket at the other end. It notices when it is told something
// though it is paused or gone.
class Pipe final : private StreamEvents {
 public:
  explicit Pipe(Loop& loop) : loop_(loop) {
    int sockets[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets), 0);
    peer_ = Descriptor(sockets[1]);
    number_ = sockets[0];
    stream_ = std::make_unique<TcpStream>(loop, Descriptor(sockets[0]), PeerAddress{});
    stream_->start(*this);
  }

  std::size_t says(std::string_view bytes) {
    const ssize_t sent = ::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
  void finishes() { ::shutdown(peer_.get(), SHUT_WR); }
  void leaves() { peer_.close(); }
  void is_aborted() {
    stream_->abort();
    gone_ = true;
  }
  void is_destroyed() {
    stream_.reset();
    gone_ = true;
  }
  void pauses() {
    stream_->pause_reading();
    paused_ = true;
  }
  void resumes() {
    paused_ = false;
    stream_->resume_reading();
  }
  // Whether the peer has noticed that our end is closed.
  [[nodiscard]] bool peer_is_alone() {
    char bytes[256];
    ssize_t got = 0;
    do got = ::recv(peer_.get(), bytes, sizeof bytes, 0);
    while (got > 0);
    return got == 0 || errno != EAGAIN;
  }
  // The same, once the kernel has come round to it.
  [[nodiscard]] bool peer_notices() {
    pollfd end{.fd = peer_.get(), .events = POLLIN, .revents = 0};
    return TEMP_FAILURE_RETRY(::poll(&end, 1, 10'000)) == 1 && peer_is_alone();
  }
  [[nodiscard]] bool peer_left() const { return peer_.get() < 0; }
  [[nodiscard]] int number() const { return number_; }

  std::string heard;
  int ends = 0;
  int broken_promises = 0;
  bool last_read_was_shared = false;  // it lay in the loop's read buffer
  std::function<void()> when_bytes{};

 private:
  void on_bytes(std::span<char> bytes) override {
    if (paused_ || gone_ || ends > 0) ++broken_promises;
    const auto buffer = loop_.read_buffer();
    last_read_was_shared =
        bytes.data() >= buffer.data() && bytes.data() < buffer.data() + buffer.size();
    heard.append(bytes.data(), bytes.size());
    std::ranges::fill(bytes, '\0');  // it may be changed in place
    if (when_bytes) when_bytes();
  }
  void on_writable() override {
    if (gone_) ++broken_promises;
  }
  void on_end(int) override {
    if (gone_) ++broken_promises;
    ++ends;
  }

  Loop& loop_;
  Descriptor peer_;
  int number_ = -1;
  std::unique_ptr<TcpStream> stream_;
  bool paused_ = false;
  bool gone_ = false;
};

// Bytes in which a lost, doubled or moved part shows.
std::string numbers(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += std::to_string(i) + ' ';
  text.resize(bytes);
  return text;
}

class StreamsUnderLoad : public testing::TestWithParam<TestedPoller> {
 protected:
  void until(const std::function<bool()>& so) {
    while (!so()) ASSERT_TRUE(loop.turn(10s)) << "nothing happened";
  }
  void let_all_happen() {
    while (loop.turn(0ms)) {
    }
  }

  SystemClock clock;
  Loop loop{clock, GetParam()()};
};

TEST_P(StreamsUnderLoad, FiveHundredSpeakAtOnceAgainAndAgain) {
  std::vector<std::unique_ptr<Pipe>> pipes;
  for (int i = 0; i < 500; ++i) pipes.push_back(std::make_unique<Pipe>(loop));
  std::string said;
  for (int round = 0; round < 5; ++round) {
    const std::string words = numbers(1 + static_cast<std::size_t>(round) * 300);
    said += words;
    for (auto& pipe : pipes) EXPECT_EQ(pipe->says(words), words.size());
    until([&] {
      return std::ranges::all_of(pipes,
                                 [&](auto& pipe) { return pipe->heard.size() >= said.size(); });
    });
  }
  for (auto& pipe : pipes) {
    EXPECT_EQ(pipe->heard, said);
    EXPECT_EQ(pipe->broken_promises, 0);
  }
}

TEST_P(StreamsUnderLoad, WhoPausesAtEachReadLosesNothing) {
  const std::string all = numbers(3'000'000);
  Pipe pipe(loop);
  pipe.when_bytes = [&] { pipe.pauses(); };
  std::size_t said = 0;
  // What is said grows: at first it fits into one buffer of a ring, and later it does not.
  for (std::size_t step = 1; pipe.heard.size() < all.size();
       step = std::min(step * 2, all.size())) {
    said += pipe.says(std::string_view(all).substr(said, step));
    loop.turn(0ms);
    loop.turn(0ms);
    pipe.resumes();
    loop.turn(0ms);
  }
  EXPECT_TRUE(pipe.heard == all);
  EXPECT_EQ(pipe.broken_promises, 0);
}

TEST_P(StreamsUnderLoad, WhatCameBeforeAPauseIsHeardAfterItInOrder) {
  for (const std::size_t bytes : {1U, 100U, 4'095U, 4'096U, 4'097U, 20'000U}) {
    Pipe pipe(loop), pauser(loop);
    let_all_happen();
    const std::string words = numbers(bytes);
    pipe.says(words);
    pauser.says("now");
    pauser.when_bytes = [&] { pipe.pauses(); };
    until([&] { return pauser.heard == "now"; });
    pipe.says("more");
    let_all_happen();
    pipe.says("and more");
    pipe.resumes();
    until([&] { return pipe.heard.size() >= bytes + 12; });
    EXPECT_EQ(pipe.heard, words + "moreand more");
    EXPECT_EQ(pipe.broken_promises, 0);
  }
}

TEST_P(StreamsUnderLoad, APauseThatEndsInTheSameTurnIsNone) {
  Pipe pipe(loop);
  pipe.when_bytes = [&] {
    pipe.pauses();
    pipe.resumes();
  };
  const std::string all = numbers(200'000);
  for (std::size_t said = 0; said < all.size();) {
    said += pipe.says(std::string_view(all).substr(said, 700));
    loop.turn(0ms);
  }
  until([&] { return pipe.heard.size() == all.size(); });
  EXPECT_TRUE(pipe.heard == all);
}

// What the two ends of a stream may do, in every order, with and without turns in between.
TEST_P(StreamsUnderLoad, AnEndInAnyOrderWithDataUnderWayHarmsNobody) {
  using Deed = std::function<void(Pipe&)>;
  const std::vector<Deed> deeds{
      [](Pipe& pipe) { pipe.says("hello"); }, [](Pipe& pipe) { pipe.says(numbers(10'000)); },
      [](Pipe& pipe) { pipe.leaves(); },      [](Pipe& pipe) { pipe.is_aborted(); },
      [this](Pipe&) { loop.turn(0ms); },
  };
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  do {
    for (const bool ours_only : {false, true}) {
      Pipe pipe(loop), beside(loop);
      beside.says("beside");
      for (const std::size_t deed : order) {
        if (deed == 2 && ours_only) continue;
        if (deed < 2 && pipe.peer_left()) continue;
        deeds[deed](pipe);
      }
      EXPECT_TRUE(pipe.peer_left() || pipe.peer_is_alone());
      until([&] { return beside.heard == "beside"; });
      EXPECT_EQ(pipe.broken_promises, 0);
    }
  } while (std::ranges::next_permutation(order).found);
}

TEST_P(StreamsUnderLoad, ADescriptorThatComesBackHearsOnlyItsOwn) {
  int came_back = 0;
  for (int round = 0; round < 300; ++round) {
    auto first = std::make_unique<Pipe>(loop);
    if (round % 3 != 0) loop.turn(0ms);
    first->says("of the first");
    if (round % 2 == 0) loop.turn(0ms);
    const int number = first->number();
    first->is_destroyed();
    EXPECT_TRUE(first->peer_is_alone()) << "closed at once";
    Pipe second(loop);
    came_back += second.number() == number ? 1 : 0;
    second.says("of the second");
    until([&] { return !second.heard.empty(); });
    EXPECT_EQ(second.heard, "of the second");
    EXPECT_EQ(first->broken_promises, 0);
  }
  EXPECT_GT(came_back, 0);
}

TEST_P(StreamsUnderLoad, APeerThatFinishesIsHeardToItsLastByte) {
  for (const std::size_t bytes : {0U, 1U, 4'096U, 100'000U}) {
    Pipe pipe(loop);
    const std::string words = numbers(bytes);
    for (std::size_t said = 0; said < bytes;) {
      said += pipe.says(std::string_view(words).substr(said));
      loop.turn(0ms);
    }
    pipe.finishes();
    until([&] { return pipe.ends > 0; });
    EXPECT_TRUE(pipe.heard == words);
    let_all_happen();
    EXPECT_EQ(pipe.ends, 1);
  }
}

TEST_P(StreamsUnderLoad, SeveralLoopsDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      Loop own(clock, GetParam()());
      std::vector<std::unique_ptr<Pipe>> pipes;
      for (int i = 0; i < 50; ++i) pipes.push_back(std::make_unique<Pipe>(own));
      const std::string all = numbers(20'000);
      for (std::size_t said = 0; said < all.size(); said += 500)
        for (auto& pipe : pipes) {
          pipe->says(std::string_view(all).substr(said, 500));
          own.turn(0ms);
        }
      while (own.turn(0ms)) {
      }
      good += std::ranges::all_of(pipes, [&](auto& pipe) { return pipe->heard == all; }) ? 1 : 0;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 4);
}

TEST_P(StreamsUnderLoad, ALoopMayGoBeforeAndAfterItsThread) {
  auto threaded = std::make_unique<Loop>(clock, GetParam()());
  auto pipe = std::make_unique<Pipe>(*threaded);
  pipe->says("hello");
  pipe->when_bytes = [&] { threaded->stop(); };
  std::thread thread([&] { threaded->run(); });
  thread.join();
  EXPECT_EQ(pipe->heard, "hello");
  pipe->is_destroyed();  // by a thread that is not the loop's
  threaded.reset();
  EXPECT_TRUE(pipe->peer_notices());
  const Loop never_run(clock, GetParam()());
}

INSTANTIATE_TEST_SUITE_P(On, StreamsUnderLoad, testing::ValuesIn(tested_pollers()), name_of_case);

// Where bytes come from is nobody's business but the clock's: so it is seen in where they lie.
TEST(AStreamOnARing, ReadsLargeMessagesItselfAndLeavesSmallOnesToTheRing) {
  if (!tests_io_uring()) return;  // which has said so
  SystemClock clock;
  Loop loop(clock, std::move(UringPoller::create()).value());
  Pipe pipe(loop);
  const auto hears = [&](std::size_t bytes) {
    pipe.heard.clear();
    pipe.says(std::string(bytes, 'x'));
    while (pipe.heard.size() < bytes) ASSERT_TRUE(loop.turn(10s));
  };
  hears(100);
  EXPECT_FALSE(pipe.last_read_was_shared);
  hears(10'000);
  hears(100);
  EXPECT_TRUE(pipe.last_read_was_shared);
  for (int i = 0; i < 40; ++i) hears(100);
  EXPECT_FALSE(pipe.last_read_was_shared);
  hears(4'095);
  hears(100);
  EXPECT_FALSE(pipe.last_read_was_shared);
}

}  // namespace
}  // namespace orrery::net
