#include "apps/orrery/service_notices.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace orrery::app {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t result = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return result;
}

// A line of a notice is one line.
std::string in_one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

}  // namespace

ServiceEnvironment ServiceEnvironment::of_this_process() {
  return {variable("NOTIFY_SOCKET"), variable("WATCHDOG_USEC"), variable("WATCHDOG_PID")};
}

std::optional<std::chrono::microseconds> pulse_of(const ServiceEnvironment& environment, int pid) {
  const auto allowed = number(environment.watchdog_usec);
  if (!allowed || *allowed < 2) return std::nullopt;
  const bool for_anybody = environment.watchdog_pid.empty();
  if (!for_anybody && environment.watchdog_pid != std::to_string(pid)) return std::nullopt;
  return std::chrono::microseconds(*allowed / 2);
}

Result<ServiceNotices> ServiceNotices::open(const ServiceEnvironment& environment) {
  ServiceNotices notices;
  if (environment.notify_socket.empty()) return notices;
  std::string address = environment.notify_socket;
  const bool known = address.front() == '/' || address.front() == '@';
  if (!known || address.size() < 2 || address.size() >= sizeof sockaddr_un{}.sun_path)
    return Error{
        fmt::format("NOTIFY_SOCKET: found \"{}\"; a path or \"@name\" is accepted", address)};
  if (address.front() == '@') address.front() = '\0';  // unix(7), abstract
  notices.socket_ = net::Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!notices.socket_) return Error{fmt::format("NOTIFY_SOCKET: {}", std::strerror(errno))};
  notices.address_ = std::move(address);
  return notices;
}

void ServiceNotices::ready(std::string_view status) const {
  say(fmt::format("READY=1\nSTATUS={}", in_one_line(status)));
}

void ServiceNotices::reloading(std::chrono::nanoseconds now) const {
  const auto stamp = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  say(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reloading", stamp));
}

void ServiceNotices::stopping(std::chrono::milliseconds at_most) const {
  const auto allowed = std::chrono::microseconds(at_most).count();
  say(fmt::format("STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC={}", allowed));
}

void ServiceNotices::alive() const {
  say("WATCHDOG=1");
}

void ServiceNotices::say(std::string_view notice) const {
  if (!socket_) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  address_.copy(to.sun_path, address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  (void)::sendto(socket_.get(), notice.data(), notice.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&to), size);
}

Watchdog::Watchdog(const ServiceNotices& notices, std::chrono::microseconds step,
                   AllIsWell all_is_well)
    : notices_(notices),
      step_(step),
      all_is_well_(std::move(all_is_well)),
      thread_([this] { pulse(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    ended_.notify_one();
  }
  thread_.join();
}

void Watchdog::pulse() {
  std::unique_lock lock(mutex_);
  bool well = true;
  do {
    well = all_is_well_();
    if (well) notices_.alive();
  } while (!ended_.wait_for(lock, well ? step_ : step_ / 8, [this] { return ending_; }));
}

}  // namespace orrery::app
