#include "apps/orrery/service_notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

namespace orrery::app {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

// What a service manager hears: a datagram socket under a name that no other test has.
class Listener {
 public:
  // `kind` '@': an abstract name; '/': a file.
  explicit Listener(char kind) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    static int number = 0;
    const std::string own =
        "orrery_notices_" + std::to_string(::getpid()) + "_" + std::to_string(++number);
    if (kind == '/') file_ = std::filesystem::path(testing::TempDir()) / own;
    name_ = kind == '/' ? file_.string() : "@" + own;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (kind == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  }
  ~Listener() {
    if (!file_.empty()) std::filesystem::remove(file_);
  }

  [[nodiscard]] ServiceEnvironment environment() const { return {name_}; }
  // The next notice; empty if none comes.
  std::string hears() {
    pollfd waiting{socket_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, 5000) != 1) return "";
    char bytes[512];
    const ssize_t count = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    return {bytes, static_cast<std::size_t>(count > 0 ? count : 0)};
  }
  // Whether it heard nothing so far.
  bool hears_nothing() {
    pollfd waiting{socket_.get(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 0;
  }

 private:
  net::Descriptor socket_;
  std::string name_{};
  std::filesystem::path file_{};
};

ServiceNotices opened(const ServiceEnvironment& environment) {
  auto notices = ServiceNotices::open(environment);
  EXPECT_TRUE(notices);
  return std::move(*notices);
}

TEST(ServiceNotices, AreToldInTheWordsOfTheSystem) {
  for (const char kind : {'@', '/'}) {
    Listener system(kind);
    const auto notices = opened(system.environment());
    notices.ready("http://127.0.0.1:1\nSTOPPING=1");
    EXPECT_EQ(system.hears(), "READY=1\nSTATUS=http://127.0.0.1:1 STOPPING=1");
    notices.stopping(1500ms);
    EXPECT_EQ(system.hears(), "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=1500000");
    notices.alive();
    EXPECT_EQ(system.hears(), "WATCHDOG=1");
    notices.reloading(1'234'567'890ns);
    EXPECT_EQ(system.hears(), "RELOADING=1\nMONOTONIC_USEC=1234567\nSTATUS=reloading");
    EXPECT_TRUE(system.hears_nothing());
  }
}

TEST(ServiceNotices, AreToldToNobodyWhereNobodyAsked) {
  opened({}).ready("x");
  ServiceNotices().alive();
}

TEST(ServiceNotices, SurviveASystemThatIsGone) {
  std::optional<Listener> system('@');
  const auto notices = opened(system->environment());
  system.reset();
  notices.ready("x");
}

TEST(ServiceNotices, NeverWaitForASystemThatDoesNotListen) {
  Listener system('@');
  const auto notices = opened(system.environment());
  for (int i = 0; i < 10'000; ++i) notices.alive();  // more than any queue holds
  EXPECT_EQ(system.hears(), "WATCHDOG=1");
}

TEST(ServiceNotices, RefuseAnAddressThatIsNone) {
  for (const auto* address : {"relative", "@", "/", "vsock:2:1"}) {
    const auto notices = ServiceNotices::open({address});
    ASSERT_FALSE(notices) << address;
    EXPECT_THAT(notices.error(), HasSubstr(address));
  }
  EXPECT_FALSE(ServiceNotices::open({std::string(108, '/')}));
}

TEST(Watchdog, IsWantedAtHalfOfWhatIsAllowed) {
  EXPECT_EQ(pulse_of({"", "30000000", ""}, 7), 15s);
  EXPECT_EQ(pulse_of({"", "30000000", "7"}, 7), 15s);
}

TEST(Watchdog, IsNotWantedByASystemWithoutOneOrForAnotherProcess) {
  EXPECT_EQ(pulse_of({}, 7), std::nullopt);
  EXPECT_EQ(pulse_of({"", "0", ""}, 7), std::nullopt);
  EXPECT_EQ(pulse_of({"", "soon", ""}, 7), std::nullopt);
  EXPECT_EQ(pulse_of({"", "30000000", "8"}, 7), std::nullopt);
}

TEST(Watchdog, SaysAliveUntilItEnds) {
  Listener system('@');
  const auto notices = opened(system.environment());
  {
    const Watchdog watchdog(notices, 1ms, [] { return true; });
    for (int i = 0; i < 3; ++i) EXPECT_EQ(system.hears(), "WATCHDOG=1");
  }
  while (!system.hears_nothing()) (void)system.hears();
  EXPECT_TRUE(system.hears_nothing());
}

TEST(Watchdog, SaysNothingUntilAllIsWellAgain) {
  Listener system('@');
  const auto notices = opened(system.environment());
  int asked = 0;
  {
    const Watchdog watchdog(notices, 8ms, [&] { return ++asked > 5; });
    EXPECT_EQ(system.hears(), "WATCHDOG=1");
  }
  EXPECT_GE(asked, 6) << "five times it was not";
}

}  // namespace
}  // namespace orrery::app
