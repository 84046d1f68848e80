#include "cli/bench_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <limits>

#include "config/suggest.h"
#include "config/units.h"

namespace orrery::cli {
namespace {

constexpr std::string_view help = R"(usage: orrery bench URL [OPTION]...

Loads a server and says how it does: messages per second, and how long they take.

  --mode MODE         echo      each message comes back to its sender (default; URL: .../echo)
                      fan-out   one publishes, the others hear it (URL: .../echo/groups/NAME)
                      connect   sessions open and close again, --connections at a time
                      slow      echo, beside --slow sessions that send but hardly read
                      idle      sessions are held in silence
  --connections N     sessions; in fan-out, members besides the publisher (default 100)
  --depth N           messages that one session has on their way at once (default 1)
  --size N            payload of a message: 64, 16KiB, 1MB ... (default 64)
  --text, --binary    the type of the messages (default text)
  --deflate           with permessage-deflate, which the server must agree to
  --rate N            messages (connect: sessions) per second, sent on time whether or not answers
                      come; latencies count from then. Default: the next as soon as one is answered
  --step TIME         what --rate wants within it is due together: 250us, 1ms; 0: each by itself.
                      Default: as short as this machine can afford, tried out, told in the report
  --duration TIME     how long is measured: 500ms, 10s, 1m (default 10s)
  --warmup TIME       under load before that (default 1s)
  --threads N         threads of the load (default 1)
  --slow N            sessions that hardly read, besides the others (echo, fan-out; mode slow: 10)
  --read-rate N       bytes per second that each of those reads (default 0)
  --pid PID           of the server, if it is here: its CPU time per message, its memory per session
  --json              the result as JSON
  --header "N: V", --subprotocol NAME, --insecure, --ca FILE: as for `orrery connect`

Exit status: 0 measured; 1 refused, or sessions were lost, or an answer was wrong; 2 misuse.
Example: orrery bench ws://127.0.0.1:7512/echo --connections 1000 --rate 5000 --pid $(pidof orrery)
)";

template <typename Number>
std::optional<Number> whole(const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

// One word of the command line into its place, or the sentence that says what fits there.
template <typename Take>
void add_word(CLI::App& command, const std::string& name, const std::string& accepted, Take take) {
  const auto read = [name, accepted, take](const std::string& text) {
    if (!take(text))
      throw CLI::ValidationError(name, fmt::format("\"{}\" does not fit; give {}", text, accepted));
  };
  command.add_option_function<std::string>(name, read)->take_last();
}

void add_count(CLI::App& command, const std::string& name, std::size_t& into, std::size_t low,
               std::size_t high) {
  add_word(command, name, fmt::format("a whole number from {} to {}", low, high),
           [&into, low, high](const std::string& text) {
             const auto number = whole<std::size_t>(text);
             if (number && *number >= low && *number <= high) into = *number;
             return number && *number >= low && *number <= high;
           });
}

void add_bytes(CLI::App& command, const std::string& name, std::size_t& into, std::size_t high) {
  add_word(command, name, fmt::format("bytes up to {}, such as 512 or 16KiB", high),
           [&into, high](const std::string& text) {
             auto number = whole<std::uint64_t>(text);
             if (!number) number = config::number_with_unit(text, config::size_units);
             if (number && *number <= high) into = *number;
             return number && *number <= high;
           });
}

void add_time(CLI::App& command, const std::string& name, std::chrono::milliseconds& into,
              std::uint64_t low) {
  add_word(command, name, fmt::format("a time from {}ms to 1d, such as 500ms, 10s or 2m", low),
           [&into, low](const std::string& text) {
             const auto number = config::number_with_unit(text, config::duration_units);
             const bool fits =
                 text == "0" ? low == 0 : number && *number >= low && *number <= 86'400'000;
             if (fits) into = std::chrono::milliseconds(number.value_or(0));
             return fits;
           });
}

void add_mode(CLI::App& command, BenchOptions& options) {
  add_word(command, "--mode", "echo, fan-out, connect, slow or idle",
           [&options](const std::string& text) {
             for (const auto mode :
                  {BenchMode::echo, BenchMode::fan_out, BenchMode::connect, BenchMode::idle})
               if (text == name_of(mode)) return options.mode = mode, true;
             if (text == "slow" && options.slow == 0) options.slow = 10;
             return text == "slow";
           });
}

void add_step(CLI::App& command, BenchOptions& options) {
  static constexpr config::Unit units[] = {{"ms", 1'000}, {"us", 1}};
  add_word(command, "--step", "a time from 0 to 100ms, such as 250us or 1ms",
           [&options](const std::string& text) {
             const auto number = text == "0" ? 0 : config::number_with_unit(text, units);
             const bool fits = number && *number <= 100'000;
             if (fits) options.step = std::chrono::microseconds(*number);
             return fits;
           });
}

void add_traffic(CLI::App& command, BenchOptions& options) {
  constexpr std::size_t most_bytes = 64 << 20;
  add_count(command, "--connections", options.connections, 1, 10'000'000);
  add_count(command, "--depth", options.depth, 1, 65'536);
  add_bytes(command, "--size", options.size, most_bytes);
  auto* text =
      command.add_flag_callback("--text", [&options] { options.opcode = websocket::Opcode::text; });
  command.add_flag_callback("--binary", [&options] { options.opcode = websocket::Opcode::binary; })
      ->excludes(text);
  command.add_flag("--deflate", options.deflate);
  add_word(command, "--rate", "messages per second, from 0.01 to 100000000",
           [&options](const std::string& word) {
             const auto number = whole<double>(word);
             const bool fits = number && *number >= 0.01 && *number <= 1e8;
             if (fits) options.rate = *number;
             return fits;
           });
  add_step(command, options);
  add_count(command, "--slow", options.slow, 1, 1'000'000);
  add_bytes(command, "--read-rate", options.read_rate, 1 << 30);
}

}  // namespace

void add_bench_options(CLI::App& command, BenchOptions& options) {
  add_client_options(command, options.client);
  add_mode(command, options);
  add_traffic(command, options);
  add_time(command, "--duration", options.duration, 100);
  add_time(command, "--warmup", options.warmup, 0);
  add_count(command, "--threads", options.threads, 1, 256);
  add_word(command, "--pid", "the number of a process, as `pidof orrery` prints it",
           [&options](const std::string& text) {
             const auto number = whole<pid_t>(text);
             if (number && *number > 0) options.pid = *number;
             return number && *number > 0;
           });
  command.add_flag("--json", options.json);
}

std::string fault_in(const BenchOptions& options, std::uint64_t descriptors) {
  if (options.mode == BenchMode::idle && options.rate > 0)
    return "--rate has no meaning for --mode idle: nothing is sent; leave it out";
  if (options.step && options.rate == 0)
    return "--step is one of the schedule that --rate makes; give a --rate, or leave it out";
  if (options.slow > 0 && options.mode != BenchMode::echo && options.mode != BenchMode::fan_out)
    return "--slow goes with the modes echo and fan-out only; leave it out";
  if (options.connections < options.threads)
    return fmt::format("{} threads need at least as many --connections", options.threads);
  if (options.deflate && options.size == 0)
    return "--deflate needs something to compress: give a --size above 0";
  const std::uint64_t ours = 32 + 4 * options.threads;  // standard streams, loops, libraries
  const std::uint64_t wanted = options.sessions() + ours;
  if (wanted > descriptors)
    return fmt::format(
        "{} sessions need {} open descriptors, but the limit is {}: say fewer --connections (at "
        "most {} fit), or raise the limit first: ulimit -n {}",
        options.sessions(), wanted, descriptors, descriptors > ours ? descriptors - ours : 0,
        wanted);
  return {};
}

std::string_view name_of(BenchMode mode) {
  switch (mode) {
    case BenchMode::echo: return "echo";
    case BenchMode::fan_out: return "fan-out";
    case BenchMode::connect: return "connect";
    case BenchMode::idle: return "idle";
  }
  return "";
}

std::string_view bench_help() {
  return help;
}

}  // namespace orrery::cli
