// ServiceNotices tell the service manager of the system how this program is doing: the protocol of
// sd_notify(3), a datagram per notice.
//
// Owner   serve().
// Thread  notices from any; the pulse of a Watchdog runs on a thread of its own.
// Limit   a notice never waits: one that the service manager has no room for is lost. One that
//         says that we live waits for a loop that is held, up to an eighth of a step at a time.
// Why     not libsystemd: docs/decisions/0013-service-notices-of-our-own.md
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "net/descriptors.h"
#include "orrery/result.h"

namespace orrery::app {

/// What the service manager says in the environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID.
struct ServiceEnvironment {
  std::string notify_socket{};  // "/run/systemd/notify", or "@name" of an abstract one
  std::string watchdog_usec{};
  std::string watchdog_pid{};

  static ServiceEnvironment of_this_process();
};

/// How often a pulse is wanted: half of what the watchdog allows; nothing if there is none for us.
std::optional<std::chrono::microseconds> pulse_of(const ServiceEnvironment& environment, int pid);

class ServiceNotices {
 public:
  /// Without a service manager, every notice is said to nobody.
  ServiceNotices() = default;
  /// The error says what is wrong with the address.
  static Result<ServiceNotices> open(const ServiceEnvironment& environment);

  void ready(std::string_view status) const;
  /// ready() is said when it is done. `now` is what CLOCK_MONOTONIC says.
  void reloading(std::chrono::nanoseconds now) const;
  /// `at_most` is how long the goodbye may take, whatever the service manager would allow by
  /// itself.
  void stopping(std::chrono::milliseconds at_most) const;
  void alive() const;

 private:
  void say(std::string_view notice) const;

  std::string address_{};  // of the socket, as the kernel wants it
  net::Descriptor socket_{};
};

/// Says alive() in equal steps, until it is destroyed: each time as soon as all is well.
class Watchdog {
 public:
  /// Whether all loops go on; asked on the watchdog's thread.
  using AllIsWell = std::function<bool()>;

  Watchdog(const ServiceNotices& notices, std::chrono::microseconds step, AllIsWell all_is_well);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

 private:
  void pulse();

  const ServiceNotices& notices_;
  const std::chrono::microseconds step_;
  const AllIsWell all_is_well_;
  std::mutex mutex_{};
  std::condition_variable ended_{};
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace orrery::app
