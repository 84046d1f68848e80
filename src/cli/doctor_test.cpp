#include "cli/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "cli/this_machine.h"
#include "net/descriptors.h"
#include "net/test_certificate.h"

namespace orrery::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono;

constexpr CalendarTime today = sys_days(2026y / March / 1);

// A machine in the best of health, until a story makes it sick.
struct ToldMachine final : Machine {
  [[nodiscard]] std::uint64_t descriptors() const override { return many; }
  [[nodiscard]] std::optional<std::string> setting(const std::string& name) const override {
    const auto found = settings.find(name);
    return found == settings.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] Result<CertificateDates> certificate(const config::Tls&) const override {
    return dates;
  }
  [[nodiscard]] bool readable_by_all(const std::string&) const override { return open_key; }
  [[nodiscard]] PortAnswer listen(const std::string&) const override { return port; }
  [[nodiscard]] net::Backend automatic_io() const override { return automatic; }
  [[nodiscard]] Result<void> io_uring() const override {
    if (!ring_refusal.empty()) return Error{ring_refusal};
    return {};
  }
  [[nodiscard]] CalendarTime now() const override { return calendar; }
  [[nodiscard]] bool clock_is_kept() const override { return kept; }

  std::uint64_t many = 1'048'576;
  std::map<std::string, std::string> settings{{"net/core/somaxconn", "4096"},
                                              {"net/ipv4/ip_local_port_range", "32768\t60999"},
                                              {"net/ipv4/ip_local_reserved_ports", ""}};
  Result<CertificateDates> dates = CertificateDates{today - 24h, today + 90 * 24h};
  bool open_key = false;
  PortAnswer port{};
  net::Backend automatic = net::Backend::epoll_and_ring;
  std::string ring_refusal{};
  CalendarTime calendar = today;
  bool kept = true;
};

struct Visit {
  Exit exit;
  std::string says;
};

Visit visit(const Machine& machine, const std::string& address = "0.0.0.0:7512") {
  config::Tree tree;
  tree.server.tls = {{"site.pem", "site.key", "1.2", ""}};
  std::ostringstream out;
  const Exit exit = print_findings(examine(tree, {address}, machine), out);
  return {exit, out.str()};
}

TEST(Doctor, SaysOkOncePerCheckOnAHealthyMachine) {
  const Visit well = visit(ToldMachine());
  EXPECT_EQ(well.exit, Exit::ok);
  EXPECT_EQ(well.says,
            "ok    descriptors: 1048576 files and sockets may be open, a client is one\n"
            "ok    backlog: 4096 newcomers may wait per listener (net.core.somaxconn)\n"
            "ok    port range: outgoing connections use 32768 to 60999, no listener does\n"
            "ok    clock: says 2026-03-01, and is kept right\n"
            "ok    io: epoll+io_uring, by itself\n"
            "ok    certificate site.pem: is valid until 2026-05-30, 90 days\n"
            "ok    listener 0.0.0.0:7512: is free\n");
}

TEST(Doctor, LooksAtNoCertificateWithoutOne) {
  for (const auto& finding : examine({}, {}, ToldMachine()))
    EXPECT_THAT(finding.what, Not(HasSubstr("certificate")));
}

TEST(Doctor, SaysHowTheLoopsWillWaitAndWhatForbidsIt) {
  ToldMachine machine;
  config::Tree tree;
  const auto says = [&](config::Io io) {
    tree.server.io = io;
    std::ostringstream out;
    (void)print_findings(examine(tree, {}, machine), out);
    return out.str();
  };
  EXPECT_THAT(says(config::Io::automatic), HasSubstr("ok    io: epoll+io_uring, by itself\n"));
  machine.automatic = net::Backend::epoll;
  EXPECT_THAT(says(config::Io::automatic), HasSubstr("ok    io: epoll, by itself\n"));
  EXPECT_THAT(says(config::Io::epoll), HasSubstr("ok    io: epoll, as server.io says\n"));
  EXPECT_THAT(says(config::Io::io_uring), HasSubstr("ok    io: io_uring, as server.io says\n"));
  machine.ring_refusal = "a sandbox forbids it";
  EXPECT_THAT(says(config::Io::epoll), HasSubstr("ok    io: epoll"));
  EXPECT_THAT(says(config::Io::io_uring),
              HasSubstr("fail  io: a sandbox forbids it; to mend it: `sysctl -w "));
}

TEST(Doctor, CountsDescriptors) {
  ToldMachine machine;
  machine.many = 4096;
  EXPECT_EQ(visit(machine).exit, Exit::ok);
  EXPECT_THAT(visit(machine).says, HasSubstr("warn  descriptors: 4096 files"));
  EXPECT_THAT(visit(machine).says, HasSubstr("; to mend it: LimitNOFILE=1048576 in the unit"));
  machine.many = 256;
  EXPECT_EQ(visit(machine).exit, Exit::failed);
  EXPECT_THAT(visit(machine).says, HasSubstr("fail  descriptors: 256 files"));
}

TEST(Doctor, WantsRoomForNewcomers) {
  ToldMachine machine;
  machine.settings["net/core/somaxconn"] = "128";
  EXPECT_THAT(visit(machine).says, HasSubstr("warn  backlog: 128 newcomers"));
  EXPECT_THAT(visit(machine).says, HasSubstr("sysctl -w net.core.somaxconn=4096"));
  EXPECT_EQ(visit(machine).exit, Exit::ok);
}

TEST(Doctor, WarnsOfPortsThatTheKernelLends) {
  ToldMachine machine;
  EXPECT_THAT(visit(machine, "[::]:40000").says,
              HasSubstr("warn  port range: 40000 lies in 32768"));
  EXPECT_THAT(visit(machine, "[::]:40000").says, HasSubstr("ip_local_reserved_ports=40000"));
  EXPECT_THAT(visit(machine, "[::]:32767").says, HasSubstr("ok    port range"));
  EXPECT_THAT(visit(machine, "unix:/run/x").says, HasSubstr("ok    port range"));
  machine.settings["net/ipv4/ip_local_reserved_ports"] = "80,39000-40000";
  EXPECT_THAT(visit(machine, "[::]:40000").says, HasSubstr("ok    port range"));
  EXPECT_THAT(visit(machine, "[::]:40001").says, HasSubstr("warn  port range"));
}

TEST(Doctor, BelievesAMachineThatHidesItsSettings) {
  ToldMachine machine;
  machine.settings.clear();
  EXPECT_EQ(visit(machine).exit, Exit::ok);
  EXPECT_THAT(visit(machine).says, HasSubstr("net.core.somaxconn is not shown here"));
}

TEST(Doctor, SaysThatANodeRunsAlone) {
  config::Tree tree;
  tree.cluster.engine = config::Engine::nats;
  const auto findings = examine(tree, {}, ToldMachine());
  EXPECT_EQ(findings.back().what, "cluster");
  EXPECT_EQ(findings.back().health, Health::warn);
}

TEST(Doctor, ReadsTheDatesOfCertificates) {
  ToldMachine machine;
  machine.dates = CertificateDates{today - 24h, today + 13 * 24h};
  EXPECT_EQ(visit(machine).exit, Exit::ok);
  EXPECT_THAT(visit(machine).says,
              HasSubstr("warn  certificate site.pem: is valid until 2026-03-14"));
  machine.dates = CertificateDates{today - 24h, today};
  EXPECT_EQ(visit(machine).exit, Exit::failed);
  EXPECT_THAT(visit(machine).says, HasSubstr("fail  certificate site.pem: expired on 2026-03-01"));
  machine.dates = CertificateDates{today + 24h, today + 90 * 24h};
  EXPECT_THAT(visit(machine).says, HasSubstr("is valid only from 2026-03-02"));
  machine.dates = Error{"key site.key: Permission denied"};
  EXPECT_EQ(visit(machine).exit, Exit::failed);
  EXPECT_THAT(visit(machine).says, HasSubstr("Permission denied; to mend it: let the server's"));
}

TEST(Doctor, WarnsOfAKeyThatEverybodyMayRead) {
  ToldMachine machine;
  machine.open_key = true;
  EXPECT_EQ(visit(machine).exit, Exit::ok);
  EXPECT_THAT(visit(machine).says, HasSubstr("everybody may read its key; to mend it: chmod o-r"));
}

TEST(Doctor, DoubtsTheClock) {
  ToldMachine machine;
  machine.kept = false;
  EXPECT_EQ(visit(machine).exit, Exit::ok);
  EXPECT_THAT(visit(machine).says, HasSubstr("warn  clock: says 2026-03-01, and nothing keeps"));
  machine.calendar = CalendarTime{};
  EXPECT_EQ(visit(machine).exit, Exit::failed);
  EXPECT_THAT(visit(machine).says, HasSubstr("fail  clock: says 1970-01-01"));
}

TEST(Doctor, TriesTheListeners) {
  ToldMachine machine;
  machine.port = {PortState::taken, ""};
  EXPECT_EQ(visit(machine).exit, Exit::ok);
  EXPECT_THAT(visit(machine).says, HasSubstr("warn  listener 0.0.0.0:7512: somebody listens"));
  machine.port = {PortState::forbidden, "Permission denied"};
  EXPECT_EQ(visit(machine).exit, Exit::failed);
  EXPECT_THAT(visit(machine).says, HasSubstr("CAP_NET_BIND_SERVICE"));
  machine.port = {PortState::impossible, "no such address"};
  EXPECT_EQ(visit(machine).exit, Exit::failed);
  EXPECT_THAT(visit(machine).says, HasSubstr("no such address; to mend it: give an address"));
}

// A folder that lives as long as its story.
class OnThisMachine : public ::testing::Test {
 protected:
  OnThisMachine()
      : folder_(std::filesystem::path(::testing::TempDir()) /
                ("orrery_doctor_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~OnThisMachine() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    return path(name);
  }

  const ThisMachine machine{};

 private:
  std::filesystem::path folder_;
};

TEST_F(OnThisMachine, CertificatesAreReadAsTheServerReadsThem) {
  const net::TestAuthority authority;
  const auto issued = authority.issue("localhost"), other = authority.issue("localhost");
  const auto certificate = file("site.pem", issued.certificate);
  const auto key = file("site.key", issued.key);
  const auto dates = machine.certificate({certificate, key, "1.2", ""});
  ASSERT_TRUE(dates) << dates.error();
  EXPECT_EQ(dates->until - dates->from, 25h);
  EXPECT_LT(dates->from, machine.now());
  EXPECT_GT(dates->until, machine.now());
  EXPECT_FALSE(machine.certificate({certificate, file("other.key", other.key), "1.2", ""}));
  EXPECT_FALSE(machine.certificate({path("nowhere.pem"), key, "1.2", ""}));
  std::filesystem::permissions(key, std::filesystem::perms{0644});
  EXPECT_TRUE(machine.readable_by_all(key));
  std::filesystem::permissions(key, std::filesystem::perms{0640});
  EXPECT_FALSE(machine.readable_by_all(key));
}

TEST_F(OnThisMachine, PortsAreFreeOrTaken) {
  const net::Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener.get(), plain, size), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), plain, &size), 0);
  const std::string taken = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  EXPECT_EQ(machine.listen(taken).state, PortState::taken);
  EXPECT_EQ(machine.listen("127.0.0.1:0").state, PortState::free);
  EXPECT_EQ(machine.listen("192.0.2.1:0").state, PortState::impossible);
  EXPECT_EQ(machine.listen("nonsense").state, PortState::impossible);
}

TEST_F(OnThisMachine, UnixSocketsNeedAFolder) {
  EXPECT_EQ(machine.listen("unix:" + path("x.sock")).state, PortState::free);
  EXPECT_FALSE(std::filesystem::exists(path("x.sock")));
  EXPECT_EQ(machine.listen("unix:/nowhere/x.sock").state, PortState::impossible);
}

TEST_F(OnThisMachine, SettingsAreThoseOfTheKernel) {
  EXPECT_TRUE(machine.setting("kernel/ostype").has_value());
  EXPECT_FALSE(machine.setting("no/such/setting").has_value());
  EXPECT_GT(machine.descriptors(), 0u);
}

}  // namespace
}  // namespace orrery::cli
