#include "net/tcp_stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/listener_set.h"
#include "net/outbox.h"
#include "net/poller_fixture.h"

namespace orrery::net {
namespace {

using namespace std::chrono_literals;

// Remembers what a stream tells, and may do something about it.
class Witness final : public StreamEvents {
 public:
  void on_bytes(std::span<char> bytes) override {
    ++reads;
    received.append(bytes.data(), bytes.size());
    if (when_bytes) when_bytes();
  }
  void on_writable() override {
    ++writables;
    if (when_writable) when_writable();
  }
  void on_end(int error) override {
    ++ends;
    end_error = error;
    received_before_end = received.size();
  }

  std::string received;
  std::size_t received_before_end = 0;
  int reads = 0;
  int writables = 0;
  int ends = 0;
  int end_error = -1;
  std::function<void()> when_bytes;
  std::function<void()> when_writable;
};

// The other end of the wire: a plain blocking socket.
class Peerside {
 public:
  explicit Peerside(Descriptor socket) : socket_(std::move(socket)) {}
  void says(std::string_view bytes) {
    ASSERT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // The kernel may interrupt it when the ring of an earlier test is gone.
  std::string hears(std::size_t bytes) {
    std::string result(bytes, '\0');
    std::size_t filled = 0;
    while (filled < bytes) {
      const ssize_t got = ::recv(socket_.get(), result.data() + filled, bytes - filled, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      filled += static_cast<std::size_t>(got);
    }
    result.resize(filled);
    return result;
  }
  void finishes() { ::shutdown(socket_.get(), SHUT_WR); }
  void leaves() { socket_.close(); }
  void vanishes() {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    socket_.close();
  }
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  Descriptor socket_;
};

enum class Wire { tcp, unix_socket };

struct Way {
  Wire wire;
  TestedPoller poller;
};

void PrintTo(const Way& way, std::ostream* out) {
  *out << (way.wire == Wire::tcp ? "Tcp" : "Unix") << way.poller.name;
}

std::vector<Way> ways() {
  std::vector<Way> all;
  for (const Wire wire : {Wire::tcp, Wire::unix_socket})
    for (const auto& poller : tested_pollers()) all.push_back({wire, poller});
  return all;
}

class TcpStreamTest : public testing::TestWithParam<Way> {
 protected:
  TcpStreamTest() {
    auto [here, there] = connected_pair();
    peer = std::make_unique<Peerside>(std::move(there));
    stream = std::make_unique<TcpStream>(loop, std::move(here), address_);
    stream->start(witness);
  }

  [[nodiscard]] static bool over_tcp() { return GetParam().wire == Wire::tcp; }

  std::pair<Descriptor, Descriptor> connected_pair() {
    return over_tcp() ? tcp_pair() : unix_pair();
  }

  // Turns until it is so; a turn that waits in vain for ten seconds is a failure.
  void until(const std::function<bool()>& so) {
    while (!so()) ASSERT_TRUE(loop.turn(10s)) << "nothing happened";
  }
  void let_all_happen() {
    while (loop.turn(0ms)) {
    }
  }
  Written write(std::string_view bytes) {
    const iovec piece{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    return stream->write({&piece, 1});
  }
  // Writes until no more is taken; returns what was.
  std::size_t fill() {
    const std::string block(64 * 1024, 'x');
    std::size_t total = 0;
    while (true) {
      const Written written = write(block);
      EXPECT_EQ(written.error, 0);
      total += written.bytes;
      if (written.bytes < block.size()) return total;
    }
  }

  SystemClock clock;
  Loop loop{clock, GetParam().poller()};
  Witness witness;
  std::unique_ptr<Peerside> peer;
  std::unique_ptr<TcpStream> stream;

 private:
  std::pair<Descriptor, Descriptor> unix_pair() {
    int fds[2] = {};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    return {made_nonblocking(fds[0]), Descriptor(fds[1])};
  }

  std::pair<Descriptor, Descriptor> tcp_pair() {
    const auto set = ListenerSet::open({.host = "127.0.0.1"}, 1, {.wait_for_first_byte = false});
    EXPECT_TRUE(set.ok());
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(set->address().port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Descriptor there(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_TRUE(connects(there.get(), reinterpret_cast<sockaddr*>(&where), sizeof where));
    pollfd newcomer{.fd = set->socket_of(0), .events = POLLIN};
    EXPECT_EQ(TEMP_FAILURE_RETRY(::poll(&newcomer, 1, 10'000)), 1);
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int here = ::accept(set->socket_of(0), reinterpret_cast<sockaddr*>(&from), &size);
    address_ = PeerAddress::from(from);
    return {made_nonblocking(here), std::move(there)};
  }

  static Descriptor made_nonblocking(int fd) {
    Descriptor twin(fd);
    EXPECT_EQ(::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
    return twin;
  }

  PeerAddress address_;
};

TEST_P(TcpStreamTest, BytesGoBothWays) {
  peer->says("hello");
  until([&] { return witness.received == "hello"; });
  EXPECT_EQ(write("answer").bytes, 6U);
  EXPECT_EQ(peer->hears(6), "answer");
}

TEST_P(TcpStreamTest, BytesThatCameBeforeStartAreFound) {
  auto [here, there] = connected_pair();
  Peerside hasty(std::move(there));
  hasty.says("early");
  TcpStream late(loop, std::move(here), {});
  Witness seen;
  late.start(seen);
  EXPECT_EQ(seen.received, "") << "never told inside start()";
  until([&] { return seen.received == "early"; });
}

TEST_P(TcpStreamTest, GathersPiecesEvenMoreThanTheKernelTakesAtOnce) {
  std::vector<iovec> pieces;
  std::string expected;
  static char letters[] = "abcdefghijklmnopqrstuvwxyz";
  for (std::size_t i = 0; i < 2500; ++i) {
    pieces.push_back({.iov_base = letters + i % 26, .iov_len = 1});
    expected += letters[i % 26];
  }
  EXPECT_EQ(stream->write(pieces).bytes, 2500U);
  EXPECT_EQ(peer->hears(2500), expected);
}

TEST_P(TcpStreamTest, TheEndComesAfterAllBytes) {
  peer->says("last words");
  peer->leaves();
  until([&] { return witness.ends > 0; });
  EXPECT_EQ(witness.received_before_end, 10U);
  EXPECT_EQ(witness.end_error, 0);
  let_all_happen();
  EXPECT_EQ(witness.ends, 1);
}

TEST_P(TcpStreamTest, AfterThePeerFinishedItMayStillBeAnswered) {
  peer->says("question");
  peer->finishes();
  until([&] { return witness.ends > 0; });
  EXPECT_EQ(write("answer").bytes, 6U);
  EXPECT_EQ(peer->hears(6), "answer");
}

TEST_P(TcpStreamTest, FinishWritingEndsOneDirectionOnly) {
  stream->finish_writing();
  EXPECT_EQ(peer->hears(1), "");
  peer->says("still here");
  until([&] { return witness.received == "still here"; });
  EXPECT_EQ(witness.ends, 0);
}

TEST_P(TcpStreamTest, TheLastBytesAndTheEndLeaveInOneSegment) {
  const auto segments = [&] {
    tcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(::getsockopt(peer->fd(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_segs_in;
  };
  const auto before = over_tcp() ? segments() : 0;
  stream->writes_the_last();
  EXPECT_EQ(write("bye").bytes, 3U);
  stream->finish_writing();
  EXPECT_EQ(peer->hears(4), "bye");
  if (!over_tcp()) return;
  EXPECT_EQ(segments() - before, 1U);
}

TEST_P(TcpStreamTest, LastBytesThatDoNotFitAtOnceAreNotLost) {
  const std::size_t filled = fill();
  stream->writes_the_last();
  EXPECT_EQ(write("bye").bytes, 0U);
  EXPECT_EQ(peer->hears(filled).size(), filled);
  until([&] { return witness.writables > 0; });
  EXPECT_EQ(write("bye").bytes, 3U);
  stream->finish_writing();
  EXPECT_EQ(peer->hears(4), "bye");
}

TEST_P(TcpStreamTest, AFullPipeTakesLessAndTellsWhenThereIsRoom) {
  const std::size_t taken = fill();
  EXPECT_EQ(write("x").bytes, 0U) << "nothing more fits";
  let_all_happen();
  EXPECT_EQ(witness.writables, 0);
  EXPECT_EQ(peer->hears(taken).size(), taken);
  until([&] { return witness.writables > 0; });
  EXPECT_EQ(write("x").bytes, 1U);
  let_all_happen();
  EXPECT_EQ(witness.writables, 1);
}

TEST_P(TcpStreamTest, AnOutboxDeliversMegabytesInOrder) {
  Outbox outbox(loop.chunks());
  std::string expected;
  for (int i = 0; i < 300'000; ++i) expected += std::to_string(i) + ' ';
  outbox.append("", expected);
  witness.when_writable = [&] { outbox.flush(*stream); };
  outbox.flush(*stream);
  std::string heard;
  while (heard.size() < expected.size()) {
    char bytes[65'536];
    const ssize_t got = ::recv(peer->fd(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0) heard.append(bytes, static_cast<std::size_t>(got));
    if (got <= 0) {
      ASSERT_TRUE(loop.turn(10s));
    }
  }
  EXPECT_EQ(heard, expected);
  EXPECT_TRUE(outbox.empty());
}

TEST_P(TcpStreamTest, APeerThatVanishesDuringALargeSendIsAnErrorAndNoSignal) {
  const std::string block(64 * 1024, 'x');
  peer->vanishes();
  int error = 0;
  for (int i = 0; i < 100 && error == 0; ++i) error = write(block).error;
  EXPECT_TRUE(error == EPIPE || error == ECONNRESET) << error;
  EXPECT_EQ(witness.ends, 0) << "never told inside write()";
  until([&] { return witness.ends > 0; });
  EXPECT_EQ(witness.end_error, error);
  let_all_happen();
  EXPECT_EQ(witness.ends, 1);
}

TEST_P(TcpStreamTest, WhatAVanishedPeerSaidLastIsStillRead) {
  peer->says("goodbye");
  peer->leaves();
  const std::string block(64 * 1024, 'x');
  int error = 0;
  for (int i = 0; i < 100 && error == 0; ++i) error = write(block).error;
  EXPECT_NE(error, 0);
  until([&] { return witness.ends > 0; });
  EXPECT_EQ(witness.received, "goodbye");
  EXPECT_EQ(witness.end_error, error);
}

TEST_P(TcpStreamTest, NothingIsReadWhilePaused) {
  stream->pause_reading();
  peer->says("wait");
  let_all_happen();
  EXPECT_EQ(witness.received, "");
  stream->resume_reading();
  EXPECT_EQ(witness.received, "") << "never told inside resume_reading()";
  until([&] { return witness.received == "wait"; });
}

TEST_P(TcpStreamTest, PausingInsideACallbackHolds) {
  witness.when_bytes = [&] { stream->pause_reading(); };
  peer->says("one");
  until([&] { return witness.received == "one"; });
  peer->says("two");
  let_all_happen();
  EXPECT_EQ(witness.received, "one");
  stream->resume_reading();
  until([&] { return witness.received == "onetwo"; });
}

TEST_P(TcpStreamTest, PausingBetweenTwoReadsOfOneTurnLosesNothing) {
  Loop small(clock, GetParam().poller(), {.read_buffer_bytes = 4});
  int fds[2] = {};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  TcpStream reader(small, Descriptor(fds[0]), {});
  Peerside writer{Descriptor(fds[1])};
  Witness seen;
  seen.when_bytes = [&] { reader.pause_reading(); };
  reader.start(seen);
  writer.says("0123456789");
  const bool all_at_once = small.poller().receiving() != nullptr;  // into a buffer of its own
  for (const std::size_t once_read : {4U, 8U, 10U}) {
    const std::size_t expected = all_at_once ? 10 : once_read;
    while (small.turn(0ms)) {
    }
    EXPECT_EQ(seen.received.size(), expected);
    reader.resume_reading();
  }
  EXPECT_EQ(seen.received, "0123456789");
}

TEST_P(TcpStreamTest, APausedStreamIsToldThatThePeerVanished) {
  stream->pause_reading();
  peer->vanishes();
  until([&] { return witness.ends > 0; });
  EXPECT_EQ(witness.end_error, over_tcp() ? ECONNRESET : 0);
}

TEST_P(TcpStreamTest, APausedStreamIsToldTheEndAtOnceIfNothingIsUnread) {
  stream->pause_reading();
  peer->leaves();
  until([&] { return witness.ends > 0; });
  EXPECT_EQ(witness.end_error, 0);
}

TEST_P(TcpStreamTest, APausedStreamIsToldTheEndAfterItsUnreadBytes) {
  stream->pause_reading();
  peer->says("unread");
  peer->leaves();
  let_all_happen();
  EXPECT_EQ(witness.ends, 0);
  stream->resume_reading();
  until([&] { return witness.ends > 0; });
  EXPECT_EQ(witness.received, "unread");
}

TEST_P(TcpStreamTest, AWriteErrorIsToldToAPausedStreamToo) {
  stream->pause_reading();
  peer->says("unread");
  peer->leaves();
  const std::string block(64 * 1024, 'x');
  int error = 0;
  for (int i = 0; i < 100 && error == 0; ++i) error = write(block).error;
  until([&] { return witness.ends > 0; });
  EXPECT_EQ(witness.end_error, error);
}

TEST_P(TcpStreamTest, AbortInsideACallbackIsTheLastOneHears) {
  witness.when_bytes = [&] { stream->abort(); };
  peer->says("go away");
  peer->finishes();
  until([&] { return !witness.received.empty(); });
  let_all_happen();
  EXPECT_EQ(witness.reads, 1);
  EXPECT_EQ(witness.ends, 0);
  EXPECT_EQ(write("too late").error, EPIPE);
}

TEST_P(TcpStreamTest, AbortOfTcpIsAReset) {
  stream->abort();
  char byte = 0;
  const ssize_t got = ::recv(peer->fd(), &byte, 1, 0);
  if (over_tcp()) {
    EXPECT_EQ(got, -1);
    EXPECT_EQ(errno, ECONNRESET);
  } else {
    EXPECT_EQ(got, 0);
  }
}

TEST_P(TcpStreamTest, ADestroyedStreamClosesAndIsForgotten) {
  peer->says("never read");
  stream.reset();
  let_all_happen();
  EXPECT_EQ(witness.reads, 0);
  EXPECT_LE(::recv(peer->fd(), std::string(1, ' ').data(), 1, 0), 0);
}

// A peer that is always faster than we are: each read is followed by as many new bytes.
TEST_P(TcpStreamTest, AGreedyPeerGetsItsBudgetPerTurnAndNoMore) {
  const std::string block(32 * 1024, 'x');
  std::size_t read = 0;
  witness.when_bytes = [&] {
    read += witness.received.size();
    peer->says(std::exchange(witness.received, {}));
  };
  peer->says(block);
  until([&] { return read > 0; });
  // There a short read ends the turn anyway, or what the poller has received does.
  if (over_tcp() || loop.poller().receiving() != nullptr) return;
  EXPECT_EQ(read, TcpStream::bytes_per_turn);
  loop.turn(-1ms);
  EXPECT_EQ(read, 2 * TcpStream::bytes_per_turn);
}

TEST_P(TcpStreamTest, KnowsItsPeer) {
  if (over_tcp()) {
    EXPECT_EQ(stream->peer().address, "127.0.0.1");
    EXPECT_NE(stream->peer().port, 0);
  } else {
    EXPECT_EQ(stream->peer().address, "unix");
    EXPECT_EQ(stream->peer().port, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Over, TcpStreamTest, testing::ValuesIn(ways()),
                         [](const auto& way) { return testing::PrintToString(way.param); });

class AnyPoller : public testing::TestWithParam<TestedPoller> {};
INSTANTIATE_TEST_SUITE_P(On, AnyPoller, testing::ValuesIn(tested_pollers()), name_of_case);

TEST_P(AnyPoller, EndsAStreamWithoutASocketWithAnError) {
  SystemClock clock;
  Loop loop(clock, GetParam()());
  Witness witness;
  TcpStream stream(loop, Descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC)), {});
  stream.start(witness);
  EXPECT_EQ(witness.ends, 0);
  loop.turn(0ms);
  EXPECT_EQ(witness.ends, 1);
  EXPECT_NE(witness.end_error, 0);
}

}  // namespace
}  // namespace orrery::net
