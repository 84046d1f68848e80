// PassedSockets are the listening sockets that the service manager opened for this program: the
// protocol of sd_listen_fds(3).
//
// Owner   serve(); whoever takes a socket owns it from then on.
// Thread  one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/orrery/assemble.h"
#include "orrery/result.h"

namespace orrery::app {

/// What the service manager says in the environment: LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES.
struct PassedEnvironment {
  std::string pid{};
  std::string count{};
  std::string names{};  // by FileDescriptorName=, with colons between them

  static PassedEnvironment of_this_process();
};

class PassedSockets {
 public:
  static constexpr int first_descriptor = 3;
  static constexpr int most = 1'000;

  /// What was passed to another process counts for nothing.
  static Result<PassedSockets> of(const PassedEnvironment& environment, int own_pid);

  /// Whether an address means sockets that were passed: "systemd" or "systemd:NAME".
  [[nodiscard]] static bool are_meant_by(std::string_view address);
  /// As addresses of the server, "fd:3": those with the name, or, for "systemd", all that are left.
  /// `key` is what the error names.
  [[nodiscard]] Result<std::vector<std::string>> take(std::string_view address,
                                                      std::string_view key);
  /// The names of those that nobody took.
  [[nodiscard]] std::vector<std::string> left() const;

 private:
  struct Socket {
    int descriptor;
    std::string name;
    bool taken = false;
  };
  std::vector<Socket> all_;
};

/// The listeners and the admin listener's address with sockets in the place of "systemd" and
/// "systemd:NAME". Those of unix sockets speak no TLS.
struct Places {
  std::vector<ListenOn> listeners;
  std::string admin;
};
[[nodiscard]] Result<Places> put_sockets(const Places& wished, PassedSockets& passed);

}  // namespace orrery::app
