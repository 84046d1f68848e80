// A Child is a server in a process of its own, and what the kernel says about it.
//
// Owner   the benchmark; it ends (and is waited for) with its Child, and dies with the benchmark.
// Thread  one.
// Limit   10 seconds to say `listening http://HOST:PORT` on its standard output.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/descriptors.h"
#include "orrery/result.h"

namespace orrery::benchmarks {

struct Command {
  std::vector<std::string> words;
  std::optional<int> core{};               // all its threads run there
  std::vector<std::string> environment{};  // "NAME=VALUE", besides ours
};

class Child {
 public:
  static Result<std::unique_ptr<Child>> start(const Command& command);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// What all its threads have computed so far, exact once it rests: so it is waited for a moment.
  [[nodiscard]] std::chrono::nanoseconds cpu_time_at_rest() const;
  /// Its resident memory, once that stays the same for a moment.
  [[nodiscard]] std::size_t resident_bytes_at_rest() const;

 private:
  Child(pid_t pid, net::Descriptor output);
  Result<void> wait_until_it_listens();

  const pid_t pid_;
  const net::Descriptor output_;
  std::uint16_t port_ = 0;
};

}  // namespace orrery::benchmarks
