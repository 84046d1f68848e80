// `orrery doctor`: whether this machine can carry the server as it is configured, and what to do
// where it can't.
//
// Thread  one.
// Why     what it looks at is handed in, so that every sick machine can be a test.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "config/tree.h"
#include "net/backend.h"

namespace orrery::cli {

using CalendarTime = std::chrono::system_clock::time_point;

struct CertificateDates {
  CalendarTime from{};
  CalendarTime until{};
};

/// What happens to a listener at an address.
enum class PortState : std::uint8_t { free, taken, forbidden, impossible };

struct PortAnswer {
  PortState state = PortState::free;
  std::string why{};
};

/// What the doctor looks at.
class Machine {
 public:
  virtual ~Machine() = default;
  /// How many descriptors the server may have once it has raised its limit.
  [[nodiscard]] virtual std::uint64_t descriptors() const = 0;
  /// The first line of a file below /proc/sys; nothing if it can't be read.
  [[nodiscard]] virtual std::optional<std::string> setting(const std::string& name) const = 0;
  /// The server's own certificate, with its key and the clients' authority, as the server loads
  /// them.
  [[nodiscard]] virtual Result<CertificateDates> certificate(const config::Tls& tls) const = 0;
  /// Whether others than owner and group may read the file.
  [[nodiscard]] virtual bool readable_by_all(const std::string& file) const = 0;
  /// Whether a listener could be opened; the address as the server takes it.
  [[nodiscard]] virtual PortAnswer listen(const std::string& address) const = 0;
  /// What `server.io: auto` comes to here.
  [[nodiscard]] virtual net::Backend automatic_io() const = 0;
  /// An Error says what forbids io_uring here.
  [[nodiscard]] virtual Result<void> io_uring() const = 0;
  [[nodiscard]] virtual CalendarTime now() const = 0;
  /// Whether the kernel says that something keeps the clock right.
  [[nodiscard]] virtual bool clock_is_kept() const = 0;
};

enum class Health : std::uint8_t { ok, warn, fail };

struct Finding {
  Health health = Health::ok;
  std::string what{};  // was looked at
  std::string says{};
  std::string fix{};  // what to do; empty where all is well
};

/// `addresses` are those of all listeners, the admin's included.
std::vector<Finding> examine(const config::Tree& tree, const std::vector<std::string>& addresses,
                             const Machine& machine);

/// One line per finding. Exit::failed if the server could not run, or not long.
Exit print_findings(const std::vector<Finding>& findings, std::ostream& out);

}  // namespace orrery::cli
