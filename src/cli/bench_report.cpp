#include "cli/bench_report.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

namespace orrery::cli {
namespace {

struct Percentile {
  std::string_view name;
  double share;
};
constexpr std::array<Percentile, 6> percentiles = {
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}, {"max", 1}}};

double microseconds(Nanoseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

// Three digits that count: "87.3 us", "1.24 ms".
std::string words_of(Nanoseconds time) {
  const double us = microseconds(time);
  if (us < 1000) return fmt::format("{:.3g} us", us);
  if (us < 1'000'000) return fmt::format("{:.3g} ms", us / 1000);
  return fmt::format("{:.3g} s", us / 1'000'000);
}

std::string words_of_bytes(double bytes) {
  constexpr std::array<std::string_view, 4> units = {"B", "KiB", "MiB", "GiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.size(); ++unit) bytes /= 1024;
  return fmt::format("{:.4g} {}", bytes, units[unit]);
}

Nanoseconds percentile(const Histogram& histogram, const Percentile& wanted) {
  return wanted.share >= 1 ? histogram.highest() : histogram.at(wanted.share);
}

struct Thing {
  std::string_view one, many;
};

// What is counted in this mode.
Thing thing_of(BenchMode mode) {
  if (mode == BenchMode::fan_out) return {"delivery", "deliveries"};
  if (mode == BenchMode::connect) return {"session", "sessions"};
  return {"message", "messages"};
}

using Text = std::back_insert_iterator<std::string>;

template <typename... Values>
void row(Text out, std::string_view name, fmt::format_string<Values...> form, Values&&... values) {
  fmt::format_to(out, "{:<22}{}\n", name, fmt::format(form, std::forward<Values>(values)...));
}

void latency_rows(Text out, std::string_view name, const Histogram& histogram) {
  if (histogram.count() == 0) return;
  std::string times;
  for (const auto& each : percentiles)
    times += fmt::format("{}{} {}", times.empty() ? "" : "   ", each.name,
                         words_of(percentile(histogram, each)));
  row(out, name, "{}", times);
}

void setting_row(Text out, const BenchReport& report) {
  const auto& options = report.options;
  std::string pace = options.rate > 0 ? fmt::format("{} per second", options.rate)
                                      : fmt::format("depth {}", options.depth);
  if (report.step > Nanoseconds{0}) pace += fmt::format(" in steps of {}", words_of(report.step));
  std::string text = fmt::format("{}, {} connections", name_of(options.mode), options.connections);
  if (options.mode == BenchMode::connect) {
    text += options.rate > 0 ? ", " + pace : " at a time";
  } else if (options.mode != BenchMode::idle) {
    text += fmt::format(", {}, {} bytes of {}{}", pace, options.size,
                        options.opcode == websocket::Opcode::text ? "text" : "binary",
                        options.deflate ? ", compressed" : "");
  }
  row(out, "load", "{}", text);
}

void server_rows(Text out, const BenchReport& report) {
  if (!report.server) return;
  const ServerCost& server = *report.server;
  const double cores = report.seconds > 0 ? server.cpu_seconds / report.seconds : 0;
  if (report.answered > 0) {
    row(out, "server CPU", "{:.3f} us per {}   ({:.2f} cores)",
        server.cpu_seconds * 1e6 / static_cast<double>(report.answered),
        thing_of(report.options.mode).one, cores);
  } else {
    row(out, "server CPU", "{:.4f} cores", cores);
  }
  row(out, "server memory", "{} resident, {} per session",
      words_of_bytes(static_cast<double>(server.resident_bytes)),
      words_of_bytes(static_cast<double>(server.bytes_per_session)));
}

void trouble_rows(Text out, const BenchReport& report) {
  if (report.unanswered > 0)
    row(out, "NOT ANSWERED", "{} messages, 5 s after the end", report.unanswered);
  for (const auto& [why, times] : report.endings) row(out, "LOST", "{} sessions: {}", times, why);
  for (const auto& [why, times] : report.endings)
    if (const auto advice = advice_on(why); !advice.empty()) row(out, "NOTE", "{}", advice);
  for (const auto& [why, times] : report.slow_endings)
    row(out, "slow readers lost", "{}: {}", times, why);
  const double offered = static_cast<double>(report.sent);
  if (report.options.rate > 0 && static_cast<double>(report.answered) < 0.99 * offered)
    row(out, "NOTE", "the server did not keep up: {} were due, {} answered in time", report.sent,
        report.answered);
  if (report.own_share() > 0.9)
    row(out, "NOTE",
        "the load computed {:.0f} % of the time, so this is its own limit: say --threads",
        100 * report.own_share());
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (static_cast<unsigned char>(c) < ' ')
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + "\"";
}

std::string json_of(const Histogram& histogram) {
  std::string out = fmt::format("{{\"count\":{},\"mean\":{:.3f},\"min\":{:.3f}", histogram.count(),
                                microseconds(histogram.mean()), microseconds(histogram.lowest()));
  for (const auto& each : percentiles)
    out += fmt::format(",\"{}\":{:.3f}", each.name, microseconds(percentile(histogram, each)));
  return out + "}";
}

std::string json_of(const Endings& endings) {
  std::string out;
  for (const auto& [why, times] : endings)
    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", quoted(why), times);
  return "{" + out + "}";
}

}  // namespace

std::string_view advice_on(std::string_view why) {
  if (why.find("1008 rate limited") == why.npos) return {};
  return "that is the route's limit of messages per second of one session (`orrery routes` shows "
         "it): serve with --set server.protocols.websocket.rateLimit=0 for this run, raise it in "
         "the gear if its route has one of its own, or stay below it with --rate";
}

double BenchReport::own_share() const {
  if (seconds <= 0) return 0;
  return own_cpu_seconds / seconds / static_cast<double>(options.threads);
}

std::string table_of(const BenchReport& report) {
  std::string text;
  const Text out(text);
  const auto thing = thing_of(report.options.mode);
  setting_row(out, report);
  if (report.opened > 0)
    row(out, "opened", "{} sessions in {:.2f} s", report.opened, report.opening_seconds);
  if (report.options.mode != BenchMode::idle) {
    row(out, "answered", "{} {} in {:.2f} s", report.answered, thing.many, report.seconds);
    row(out, "throughput", "{:.0f} {} per second", report.per_second(), thing.many);
  } else {
    row(out, "held", "{:.2f} s", report.seconds);
  }
  latency_rows(out, report.options.mode == BenchMode::connect ? "until open" : "latency",
               report.latencies);
  latency_rows(out, "until the last", report.last_latencies);
  server_rows(out, report);
  if (report.answered > 0)
    row(out, "CPU of this load", "{:.3f} us per {}",
        report.own_cpu_seconds * 1e6 / static_cast<double>(report.answered), thing.one);
  trouble_rows(out, report);
  return text;
}

std::string json_of(const BenchReport& report) {
  const auto& options = report.options;
  std::string text = fmt::format(
      "{{\"mode\":\"{}\",\"url\":{},\"connections\":{},\"slow\":{},\"depth\":{},\"size\":{},"
      "\"type\":\"{}\",\"deflate\":{},\"rate\":{},\"stepMicroseconds\":{:.3f},\"threads\":{},"
      "\"seconds\":{:.3f},"
      "\"opened\":{},\"openingSeconds\":{:.3f},\"sent\":{},\"answered\":{},\"perSecond\":{:.1f},"
      "\"unanswered\":{},\"latencyMicroseconds\":{}",
      name_of(options.mode), quoted(options.client.url), options.connections, options.slow,
      options.depth, options.size, options.opcode == websocket::Opcode::text ? "text" : "binary",
      options.deflate, options.rate, microseconds(report.step), options.threads, report.seconds,
      report.opened, report.opening_seconds, report.sent, report.answered, report.per_second(),
      report.unanswered, json_of(report.latencies));
  if (options.mode == BenchMode::fan_out)
    text += ",\"lastMemberMicroseconds\":" + json_of(report.last_latencies);
  text += fmt::format(
      ",\"lost\":{},\"slowLost\":{},\"load\":{{\"cpuSeconds\":{:.6f},"
      "\"share\":{:.3f}}}",
      json_of(report.endings), json_of(report.slow_endings), report.own_cpu_seconds,
      report.own_share());
  if (report.server) {
    const double per_message = report.answered > 0 ? report.server->cpu_seconds * 1e6 /
                                                         static_cast<double>(report.answered)
                                                   : 0;
    text += fmt::format(
        ",\"server\":{{\"cpuSeconds\":{:.6f},\"cpuMicrosecondsPerMessage\":{:.4f},"
        "\"residentBytes\":{},\"bytesPerSession\":{}}}",
        report.server->cpu_seconds, per_message, report.server->resident_bytes,
        report.server->bytes_per_session);
  }
  return text + "}\n";
}

}  // namespace orrery::cli
