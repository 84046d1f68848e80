#include "net/proxy_door.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "net/poller_fixture.h"

namespace orrery::net {
namespace {

constexpr std::string_view line = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n";

PeerAddress proxy_address() {
  PeerAddress proxy{.port = 99, .family = PeerAddress::Family::ipv4};
  proxy.bytes = {10, 0, 0, 1};
  return proxy;
}

// A door on a loop of its own, and what it told.
class ProxyDoorTest : public testing::TestWithParam<TestedPoller> {
 protected:
  /// A newcomer at the door; answers the proxy's end.
  Descriptor comes() {
    Descriptor proxy = connects();
    waits();
    return proxy;
  }
  /// The same, but what the proxy says until waits() is there before the door looks.
  Descriptor connects() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    accepted = Descriptor(ends[1]);
    return Descriptor(ends[0]);
  }
  void waits() {
    door->wait_for_header(std::move(accepted), proxy_address(),
                          [this](Descriptor socket, const PeerAddress& client) {
                            const Peer peer = client.peer();
                            told.push_back(peer.address + " " + std::to_string(peer.port));
                            let_in = std::move(socket);
                          });
  }
  static void says(const Descriptor& proxy, std::string_view bytes) {
    EXPECT_EQ(::send(proxy.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void settle() {
    while (loop->turn(milliseconds{0})) {
    }
  }
  [[nodiscard]] std::string unread() const {
    char bytes[256];
    const auto got = ::recv(let_in.get(), bytes, sizeof bytes, 0);
    return {bytes, static_cast<std::size_t>(got > 0 ? got : 0)};
  }
  [[nodiscard]] static bool hung_up(const Descriptor& proxy) {
    char byte = 0;
    const auto got = ::recv(proxy.get(), &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

  ManualClock clock;
  std::optional<Loop> loop{std::in_place, clock, GetParam()()};
  std::vector<std::string> told;
  std::optional<ProxyDoor> door{
      std::in_place, *loop, milliseconds{3'000},
      [this](const PeerAddress& proxy, ProxyDoor::Refusal refusal, std::string_view why) {
        const bool late = refusal == ProxyDoor::Refusal::late;
        told.push_back((late ? "late " : "malformed ") + proxy.peer().address + ": " +
                       std::string(why));
      }};
  Descriptor accepted, let_in;
};

TEST_P(ProxyDoorTest, HandsOnWhomTheHeaderNamesAndTheBytesBehindIt) {
  const Descriptor proxy = connects();
  says(proxy, std::string(line) + "GET /");
  waits();
  EXPECT_EQ(told, std::vector<std::string>{"192.0.2.7 4711"});
  EXPECT_EQ(unread(), "GET /");
  EXPECT_EQ(door->waiting(), 0U);
}

TEST_P(ProxyDoorTest, WaitsForAHeaderInPieces) {
  for (std::size_t cut = 1; cut < line.size(); ++cut) {
    told.clear();
    const Descriptor proxy = comes();
    EXPECT_EQ(door->waiting(), 1U);
    says(proxy, line.substr(0, cut));
    settle();
    EXPECT_TRUE(told.empty()) << cut;
    says(proxy, line.substr(cut));
    says(proxy, "hello");
    settle();
    EXPECT_EQ(told, std::vector<std::string>{"192.0.2.7 4711"}) << cut;
    EXPECT_EQ(unread(), "hello") << cut;
    EXPECT_EQ(door->waiting(), 0U);
  }
}

TEST_P(ProxyDoorTest, AProxyThatSpeaksForItselfKeepsItsAddress) {
  const Descriptor proxy = comes();
  says(proxy, "PROXY UNKNOWN\r\n");
  settle();
  EXPECT_EQ(told, std::vector<std::string>{"10.0.0.1 99"});
}

TEST_P(ProxyDoorTest, RefusesWhatIsNoHeader) {
  const Descriptor proxy = comes();
  says(proxy, "GET / HTTP/1.1\r\n");
  settle();
  EXPECT_EQ(told, std::vector<std::string>{"malformed 10.0.0.1: there is no PROXY header"});
  EXPECT_TRUE(hung_up(proxy));
  EXPECT_EQ(door->waiting(), 0U);
}

TEST_P(ProxyDoorTest, RefusesAHeaderThatTakesTooLong) {
  const Descriptor proxy = comes();
  says(proxy, line.substr(0, 10));
  settle();
  clock.advance(milliseconds{2'900});
  settle();
  EXPECT_TRUE(told.empty());
  clock.advance(milliseconds{200});
  settle();
  EXPECT_EQ(told, std::vector<std::string>{"late 10.0.0.1: the PROXY header took too long"});
  EXPECT_TRUE(hung_up(proxy));
}

TEST_P(ProxyDoorTest, AProxyThatLeavesWithoutAWordIsForgotten) {
  Descriptor proxy = comes();
  settle();
  proxy.close();
  settle();
  EXPECT_EQ(door->waiting(), 0U);
  EXPECT_TRUE(told.empty());
}

TEST_P(ProxyDoorTest, AHeaderThatBreaksOffIsToldOf) {
  Descriptor proxy = comes();
  says(proxy, line.substr(0, 10));
  settle();
  proxy.close();
  settle();
  EXPECT_EQ(door->waiting(), 0U);
  EXPECT_EQ(told, std::vector<std::string>{"malformed 10.0.0.1: the PROXY header breaks off"});
}

TEST_P(ProxyDoorTest, WhoeverStillWaitsGoesWithTheDoor) {
  const Descriptor first = comes(), second = comes();
  EXPECT_EQ(door->waiting(), 2U);
  door.reset();
  EXPECT_TRUE(hung_up(first));
  EXPECT_TRUE(hung_up(second));
  EXPECT_TRUE(told.empty());
}

INSTANTIATE_TEST_SUITE_P(On, ProxyDoorTest, testing::ValuesIn(tested_pollers()), name_of_case);

}  // namespace
}  // namespace orrery::net
