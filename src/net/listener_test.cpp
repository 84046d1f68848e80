#include "net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/listener_set.h"
#include "net/poller_fixture.h"

namespace orrery::net {
namespace {

using namespace std::chrono_literals;

constexpr ListenerOptions at_once{.wait_for_first_byte = false};

Descriptor connected_to(const ListenAddress& address) {
  if (address.is_unix()) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    address.unix_path.copy(where.sun_path, sizeof where.sun_path - 1);
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_TRUE(connects(socket.get(), reinterpret_cast<sockaddr*>(&where), sizeof where));
    return socket;
  }
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(address.port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_TRUE(connects(socket.get(), reinterpret_cast<sockaddr*>(&where), sizeof where));
  return socket;
}

// One loop that accepts; it turns when it is told to.
struct Site {
  Site(const TestedPoller& poller, const Clock& clock, const ListenerSet& set, std::size_t index)
      : Site(poller, clock, set.socket_of(index)) {}
  Site(const TestedPoller& poller, const Clock& clock, int listening_socket)
      : loop(clock, poller()),
        listener(
            loop, listening_socket,
            [this](Descriptor socket, const PeerAddress& from) {
              newcomers.push_back(std::move(socket));
              peers.push_back(from.peer());
              if (when_accepted) when_accepted();
            },
            [this](int error) { pauses.push_back(error); }, [this] { ++ends; },
            [this] { return has_room; }) {
    EXPECT_TRUE(listener.start_accepting().ok());
  }

  std::vector<Descriptor> newcomers;
  std::vector<Peer> peers;
  std::vector<int> pauses;  // that began
  int ends = 0;             // of them
  bool has_room = true;
  std::function<void()> when_accepted;
  Loop loop;
  Listener listener;
};

ListenerSet listening(const ListenAddress& address, std::size_t loops) {
  auto set = ListenerSet::open(address, loops, at_once);
  EXPECT_TRUE(set.ok()) << set.error();
  return std::move(set).value();
}

void turn_until(Site& site, std::size_t newcomers) {
  while (site.newcomers.size() < newcomers) ASSERT_TRUE(site.loop.turn(10s));
}

struct Listening : testing::TestWithParam<TestedPoller> {
  const ListenAddress loopback{.host = "127.0.0.1"};
  ManualClock clock;
};

TEST_P(Listening, AnyFreePortIsARealPort) {
  const ListenerSet set = listening(loopback, 2);
  EXPECT_NE(set.address().port, 0);
  EXPECT_NE(set.socket_of(0), set.socket_of(1));
}

TEST_P(Listening, NewcomersAreReadyToUse) {
  const ListenerSet set = listening(loopback, 1);
  Site site(GetParam(), clock, set, 0);
  const Descriptor client = connected_to(set.address());
  turn_until(site, 1);
  EXPECT_EQ(site.peers[0].address, "127.0.0.1");
  const int fd = site.newcomers[0].get();
  EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  ASSERT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_NE(no_delay, 0) << "inherited from the listening socket";
}

TEST_P(Listening, NewcomersWhoVanishAreNoticedByTheKernel) {
  const auto set = ListenerSet::open(
      loopback, 1, {.wait_for_first_byte = false, .give_up_after = 30'500ms, .probe_after = 90s});
  ASSERT_TRUE(set) << set.error();
  Site site(GetParam(), clock, *set, 0);
  const Descriptor client = connected_to(set->address());
  turn_until(site, 1);
  const auto option = [&](int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(site.newcomers[0].get(), level, name, &value, &size), 0);
    return value;
  };
  EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 30'500);
  EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPIDLE), 90);
  EXPECT_EQ(option(IPPROTO_TCP, TCP_KEEPINTVL), 8);
}

TEST_P(Listening, TwoLoopsShareAPortAndBothGetNewcomers) {
  const ListenerSet set = listening(loopback, 2);
  Site first(GetParam(), clock, set, 0);
  Site second(GetParam(), clock, set, 1);
  std::vector<Descriptor> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(connected_to(set.address()));
  while (first.newcomers.size() + second.newcomers.size() < 64) {
    first.loop.turn(0ms);
    second.loop.turn(0ms);
  }
  EXPECT_GT(first.newcomers.size(), 0U);
  EXPECT_GT(second.newcomers.size(), 0U);
}

// Somebody else's socket, as a service manager opens it.
Descriptor opened_elsewhere(int kind = SOCK_STREAM) {
  Descriptor socket(::socket(AF_INET, kind, 0));
  const sockaddr_in any{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any), 0);
  return socket;
}

TEST_P(Listening, ASocketThatListensAlreadyIsTaken) {
  Descriptor open = opened_elsewhere();
  ASSERT_EQ(::listen(open.get(), 16), 0);
  const ListenerSet set = listening({.descriptor = open.release()}, 2);
  EXPECT_EQ(set.address().host, "127.0.0.1");
  EXPECT_NE(set.address().port, 0);
  EXPECT_EQ(set.socket_of(0), set.socket_of(1));
  EXPECT_NE(::fcntl(set.socket_of(0), F_GETFD) & FD_CLOEXEC, 0);
  Site first(GetParam(), clock, set, 0);
  Site second(GetParam(), clock, set, 1);
  const Descriptor client = connected_to(set.address());
  while (first.newcomers.size() + second.newcomers.size() < 1) {
    first.loop.turn(0ms);
    second.loop.turn(0ms);
  }
  Site& site = first.newcomers.empty() ? second : first;
  EXPECT_EQ(site.peers[0].address, "127.0.0.1");
  EXPECT_NE(::fcntl(site.newcomers[0].get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_P(Listening, WhatDoesNotListenIsRefusedWithItsNumber) {
  const Descriptor deaf = opened_elsewhere(), datagrams = opened_elsewhere(SOCK_DGRAM);
  for (const int fd : {deaf.get(), datagrams.get(), 12'345}) {
    const auto set = ListenerSet::open({.descriptor = fd}, 1);
    ASSERT_FALSE(set.ok());
    EXPECT_NE(set.error().find("fd:" + std::to_string(fd) + ": it is no stream socket"),
              std::string::npos)
        << set.error();
    EXPECT_EQ(::fcntl(fd, F_GETFD) < 0, fd == 12'345) << "it is not closed";
  }
}

TEST_P(Listening, ATakenPortIsRefusedWithASentence) {
  for (const std::size_t loops : {1, 3}) {
    const ListenerSet mine = listening(loopback, loops);
    const auto theirs = ListenerSet::open(mine.address(), 2, at_once);
    ASSERT_FALSE(theirs.ok());
    EXPECT_NE(theirs.error().find("is already in use by another process"), std::string::npos)
        << theirs.error();
  }
}

TEST_P(Listening, APortIsFreeAgainWhenTheSetIsGone) {
  ListenAddress address = loopback;
  Descriptor client;
  {
    const ListenerSet set = listening(loopback, 2);
    Site site(GetParam(), clock, set, 0);
    Site other(GetParam(), clock, set, 1);
    address = set.address();
    client = connected_to(address);
    while (site.newcomers.empty() && other.newcomers.empty()) {
      site.loop.turn(0ms);
      other.loop.turn(0ms);
    }
  }  // closed by us first: the connection lingers in TIME_WAIT
  EXPECT_TRUE(ListenerSet::open(address, 2, at_once).ok());
}

TEST_P(Listening, AHostThatIsNotOursIsRefused) {
  const auto foreign = ListenerSet::open({.host = "192.0.2.1"}, 1);
  ASSERT_FALSE(foreign.ok());
  EXPECT_NE(foreign.error().find("no such address"), std::string::npos) << foreign.error();
  const auto name = ListenerSet::open({.host = "example.com"}, 1);
  ASSERT_FALSE(name.ok());
  EXPECT_NE(name.error().find("neither an IP address"), std::string::npos) << name.error();
}

TEST_P(Listening, TheStarTakesIpv4Too) {
  const ListenerSet set = listening({.host = "*"}, 2);
  Site site(GetParam(), clock, set, 0);
  Site other(GetParam(), clock, set, 1);
  const Descriptor client = connected_to(set.address());
  while (site.newcomers.empty() && other.newcomers.empty()) {
    site.loop.turn(0ms);
    other.loop.turn(0ms);
  }
  const auto& peers = site.peers.empty() ? other.peers : site.peers;
  EXPECT_EQ(peers[0].address, "127.0.0.1") << "not ::ffff:127.0.0.1";
}

TEST_P(Listening, ATurnAcceptsABoundedBatch) {
  const ListenerSet set = listening(loopback, 1);
  Site site(GetParam(), clock, set, 0);
  std::vector<Descriptor> clients;
  for (int i = 0; i < Listener::accepts_per_turn + 10; ++i)
    clients.push_back(connected_to(set.address()));
  site.loop.turn(10s);
  EXPECT_EQ(site.newcomers.size(), static_cast<std::size_t>(Listener::accepts_per_turn));
  turn_until(site, clients.size());
}

TEST_P(Listening, StoppingInsideTheCallbackStopsAtOnce) {
  const ListenerSet set = listening(loopback, 1);
  Site site(GetParam(), clock, set, 0);
  site.when_accepted = [&] { site.listener.stop_accepting(); };
  const Descriptor first = connected_to(set.address());
  const Descriptor second = connected_to(set.address());
  turn_until(site, 1);
  EXPECT_FALSE(site.loop.turn(0ms));
  EXPECT_EQ(site.newcomers.size(), 1U);
  site.when_accepted = {};
  ASSERT_TRUE(site.listener.start_accepting().ok());
  turn_until(site, 2);
}

// No descriptor above those in use can be had while this lives.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const Descriptor lowest_free(::dup(0));
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest_free.get());
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptorsLeft(const NoDescriptorsLeft&) = delete;
  NoDescriptorsLeft& operator=(const NoDescriptorsLeft&) = delete;

 private:
  rlimit before_{};
};

// First a socket that does not listen yet, then no descriptors, then all is well. (In this order
// also because UBSan needs descriptors of its own when it meets a type for the first time.)
TEST_P(Listening, WhenItCannotAcceptItPausesInsteadOfSpinning) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
  Site site(GetParam(), clock, socket.get());
  const auto try_again = [&] {
    clock.advance(Listener::pause + 2 * TimerWheel::resolution);
    site.loop.turn(0ms);  // watches again
    site.loop.turn(0ms);  // and is told
  };
  site.loop.turn(10s);
  EXPECT_EQ(site.pauses, std::vector<int>{EINVAL});
  EXPECT_FALSE(site.loop.turn(0ms)) << "it must not spin";
  try_again();
  EXPECT_EQ(site.pauses.size(), 1U) << "told once";
  site.listener.stop_accepting();
  EXPECT_EQ(site.ends, 1);
  ASSERT_TRUE(site.listener.start_accepting().ok());

  ASSERT_EQ(::listen(socket.get(), 10), 0);
  socklen_t size = sizeof where;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&where), &size);
  const Descriptor client = connected_to({.host = "127.0.0.1", .port = ntohs(where.sin_port)});
  site.pauses.clear();
  {
    const NoDescriptorsLeft none;
    try_again();
    EXPECT_EQ(site.pauses, std::vector<int>{EMFILE});
    EXPECT_FALSE(site.loop.turn(0ms)) << "it must not spin";
  }
  EXPECT_TRUE(site.newcomers.empty());
  try_again();
  EXPECT_EQ(site.newcomers.size(), 1U);
  EXPECT_EQ(site.ends, 1) << "all is not calm yet";
  clock.advance(Listener::calm + 2 * TimerWheel::resolution);
  site.loop.turn(0ms);
  EXPECT_EQ(site.ends, 2);
}

TEST_P(Listening, WithoutRoomNewcomersWaitAndAnEpisodeIsToldOnce) {
  const ListenerSet set = listening(loopback, 1);
  Site site(GetParam(), clock, set, 0);
  site.has_room = false;
  const Descriptor client = connected_to(set.address());
  const auto time_goes_by = [&](milliseconds time) {
    clock.advance(time + 2 * TimerWheel::resolution);
    site.loop.turn(0ms);
    site.loop.turn(0ms);
  };
  site.loop.turn(10s);
  for (int i = 0; i < 3; ++i) time_goes_by(Listener::pause);
  EXPECT_EQ(site.pauses, std::vector<int>{0});
  EXPECT_TRUE(site.newcomers.empty());
  site.has_room = true;
  time_goes_by(Listener::pause);
  EXPECT_EQ(site.newcomers.size(), 1U);
  EXPECT_EQ(site.ends, 0);
  time_goes_by(Listener::calm);
  EXPECT_EQ(site.ends, 1);
  site.listener.stop_accepting();
  EXPECT_EQ(site.ends, 1);
}

struct UnixListening : Listening {
  UnixListening() {
    std::string pattern = testing::TempDir() + "orrery-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    directory = pattern;
    address = {.unix_path = directory / "socket"};
  }
  ~UnixListening() override { std::filesystem::remove_all(directory); }

  std::filesystem::path directory;
  ListenAddress address;
};

TEST_P(UnixListening, TwoLoopsShareOneSocketAndEachMayAccept) {
  const ListenerSet set = listening(address, 2);
  EXPECT_EQ(set.socket_of(0), set.socket_of(1));
  for (const std::size_t index : {0U, 1U}) {
    Site site(GetParam(), clock, set, index);
    const Descriptor client = connected_to(address);
    turn_until(site, 1);
    EXPECT_EQ(site.peers[0].address, "unix");
  }
}

TEST_P(UnixListening, TheFileGoesWithTheSet) {
  { const ListenerSet set = listening(address, 1); }
  EXPECT_FALSE(std::filesystem::exists(address.unix_path));
}

TEST_P(UnixListening, ASocketThatAnsweringProcessHoldsIsRefused) {
  const ListenerSet mine = listening(address, 1);
  const auto theirs = ListenerSet::open(address, 1);
  ASSERT_FALSE(theirs.ok());
  EXPECT_NE(theirs.error().find("another process listens there"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(address.unix_path));
}

TEST_P(UnixListening, WhatAKilledProcessLeftIsReplaced) {
  const auto kept = directory / "kept";
  {
    const ListenerSet killed = listening(address, 1);
    std::filesystem::rename(address.unix_path, kept);
  }
  std::filesystem::rename(kept, address.unix_path);
  const ListenerSet set = listening(address, 1);
  connected_to(address);
}

TEST_P(UnixListening, AnOrdinaryFileIsNeverRemoved) {
  std::ofstream(address.unix_path) << "precious";
  EXPECT_FALSE(ListenerSet::open(address, 1).ok());
  EXPECT_TRUE(std::filesystem::is_regular_file(address.unix_path));
}

TEST_P(UnixListening, ASuccessorsFileIsNotRemoved) {
  auto first = std::make_unique<ListenerSet>(listening(address, 1));
  std::filesystem::remove(address.unix_path);
  const ListenerSet successor = listening(address, 1);
  first.reset();
  EXPECT_TRUE(std::filesystem::exists(address.unix_path));
}

TEST_P(UnixListening, TheFileOfASocketThatWasOpenStays) {
  Descriptor open(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  address.unix_path.copy(where.sun_path, sizeof where.sun_path - 1);
  ASSERT_EQ(::bind(open.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
  ASSERT_EQ(::listen(open.get(), 16), 0);
  {
    const ListenerSet set = listening({.descriptor = open.release()}, 1);
    EXPECT_EQ(set.address().text(), address.text());
  }
  EXPECT_TRUE(std::filesystem::exists(address.unix_path));
}

TEST_P(UnixListening, APathThatIsTooLongIsRefused) {
  const auto set = ListenerSet::open({.unix_path = std::string(200, 'x')}, 1);
  ASSERT_FALSE(set.ok());
  EXPECT_NE(set.error().find("longer than 107 bytes"), std::string::npos) << set.error();
}

INSTANTIATE_TEST_SUITE_P(On, Listening, testing::ValuesIn(tested_pollers()), name_of_case);
INSTANTIATE_TEST_SUITE_P(On, UnixListening, testing::ValuesIn(tested_pollers()), name_of_case);

}  // namespace
}  // namespace orrery::net
