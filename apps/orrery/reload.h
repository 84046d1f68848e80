// A Reload reads the configuration again and gives the running server what it can take.
//
// Owner   serve(); whatever it is made of outlives it.
// Thread  any; one reload at a time, the others wait.
// Why     a file that is wrong changes nothing, and everybody is told what acts and what does not.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "config/load.h"
#include "observe/spdlog_log.h"
#include "server/engine.h"

namespace orrery::app {

/// How a reload went. With errors nothing has changed.
struct ReloadReport {
  std::vector<std::string> errors;         // as `config check` says them
  std::vector<std::string> applied;        // keys that changed and act now
  std::vector<std::string> needs_restart;  // keys that changed since the start, and don't
};

class Reload {
 public:
  struct Parts {
    std::function<config::Loaded()> read;
    std::function<void(const config::Drain&)> set_drain;
    std::function<void()> begins, ends;  // of each run()
    server::Engine& engine;
    observe::SpdlogLog& log;
  };

  /// `running` is what the server was started with.
  Reload(Parts parts, const config::Tree& running)
      : parts_(std::move(parts)), started_(running), running_(running) {}

  /// Certificates are read again too, whatever has changed. The log says how it went.
  ReloadReport run(std::string_view asked_by);
  /// Reads certificates and keys again, and nothing else: their files have changed.
  void read_certificates();

 private:
  [[nodiscard]] ReloadReport apply(const config::Loaded& loaded);

  const Parts parts_;
  const config::Tree started_;
  std::mutex mutex_;
  config::Tree running_;  // as far as it acts
};

/// {"applied":[...],"needs_restart":[...],"errors":[...]}
[[nodiscard]] std::string as_json(const ReloadReport& report);

}  // namespace orrery::app
