// What `orrery bench` is asked to do.
//
// Owner   a plain value.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "cli/client_options.h"
#include "websocket/opcode.h"

namespace orrery::cli {

enum class BenchMode : std::uint8_t {
  echo,     // every message comes back to its sender
  fan_out,  // one publishes, all others of the group hear it
  connect,  // sessions open and close, again and again
  idle,     // sessions are held, and nothing is said
};

struct BenchOptions {
  ClientOptions client{};
  BenchMode mode = BenchMode::echo;
  std::size_t connections = 100;  // fan_out: members besides the publisher
  std::size_t depth = 1;          // messages of one session that are on their way at once
  std::size_t size = 64;          // payload bytes
  websocket::Opcode opcode = websocket::Opcode::text;
  bool deflate = false;
  double rate = 0;  // messages per second of all sessions together; 0: as fast as answers come
  std::optional<std::chrono::microseconds> step{};  // of the rate's schedule; nothing: tried out
  std::chrono::milliseconds duration{10'000};
  std::chrono::milliseconds warmup{1'000};
  std::size_t threads = 1;
  std::size_t slow = 0;       // sessions that hardly read
  std::size_t read_rate = 0;  // bytes that one of them reads per second
  std::optional<pid_t> pid{};
  bool json = false;

  /// All that are open at once.
  [[nodiscard]] std::size_t sessions() const {
    return connections + slow + (mode == BenchMode::fan_out ? 1 : 0);
  }
};

/// The words behind `orrery bench`.
void add_bench_options(CLI::App& command, BenchOptions& options);
/// What is wrong with them together, and with what this machine allows; empty if nothing is.
[[nodiscard]] std::string fault_in(const BenchOptions& options, std::uint64_t descriptors);
/// As --mode says it.
[[nodiscard]] std::string_view name_of(BenchMode mode);
/// What `orrery bench --help` prints.
[[nodiscard]] std::string_view bench_help();

}  // namespace orrery::cli
