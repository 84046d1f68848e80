#include "observe/spdlog_log.h"

#include <fmt/chrono.h>
#include <fmt/compile.h>
#include <sched.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <csignal>
#include <iterator>
#include <string>
#include <thread>

namespace orrery::observe {
namespace {

using namespace std::string_view_literals;

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warn: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

Level level_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug: return Level::debug;
    case spdlog::level::info: return Level::info;
    case spdlog::level::warn: return Level::warn;
    default: return Level::error;
  }
}

// "2026-11-21T20:15:30.042Z info session closed ...", or a JSON object of the same. Lines come by
// the thousand in a second: its text is made once.
class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& line, spdlog::memory_buf_t& out) override {
    using namespace std::chrono;
    const auto since = line.time.time_since_epoch();
    const auto second = floor<seconds>(since);
    if (second != second_) {
      second_ = second;
      text_ = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(second.count()));
    }
    const auto ms = duration_cast<milliseconds>(since - second).count();
    const std::string_view level = name_of(level_of(line.level));
    const auto to = std::back_inserter(out);
    if (format_ == LogFormat::json)
      fmt::format_to(to, FMT_COMPILE(R"({{"time":"{}.{:03}Z","level":"{}",)"), text_, ms, level);
    else
      fmt::format_to(to, FMT_COMPILE("{}.{:03}Z {} "), text_, ms, level);
    out.append(line.payload.begin(), line.payload.end());
    out.append(format_ == LogFormat::json ? "}\n"sv : "\n"sv);
  }
  [[nodiscard]] std::unique_ptr<formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_);
  }

 private:
  const LogFormat format_;
  std::chrono::seconds second_ = std::chrono::seconds::min();
  std::string text_;  // of second_
};

// Lines that come together are written together: as soon as no other line waits. Then it naps: who
// logs meanwhile needs not wake it.
class BatchingSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  BatchingSink(std::ostream& out, spdlog::details::thread_pool& queue) : out_(out), queue_(queue) {}
  ~BatchingSink() override { write_out(); }
  BatchingSink(const BatchingSink&) = delete;
  BatchingSink& operator=(const BatchingSink&) = delete;

 private:
  static constexpr std::size_t most_bytes = 64 * 1024;
  static constexpr std::chrono::milliseconds nap{5};

  void sink_it_(const spdlog::details::log_msg& line) override {
    formatter_->format(line, lines_);
    const bool last = queue_.queue_size() == 0;
    if (last || lines_.size() >= most_bytes) write_out();
    if (last) std::this_thread::sleep_for(nap);
  }
  void flush_() override { write_out(); }
  void write_out() {
    if (lines_.size() == 0) return;
    out_.write(lines_.data(), static_cast<std::streamsize>(lines_.size()));
    out_.flush();
    lines_.clear();
  }

  std::ostream& out_;
  spdlog::details::thread_pool& queue_;
  spdlog::memory_buf_t lines_{};
};

// Signals are the program's: this thread is older than main()'s own mask, perhaps, and would take
// them. And a line never interrupts a loop that runs: the thread waits for its turn, and lines
// gather.
void on_thread_start() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_BATCH, &none);
}

}  // namespace

// One thread writes, and flushes what it has: no line waits for longer than a nap.
struct SpdlogLog::Engine {
  Engine(const SpdlogOptions& options, std::ostream& out)
      : pool(std::make_shared<spdlog::details::thread_pool>(options.queue_lines, 1,
                                                            on_thread_start)),
        logger(std::make_shared<spdlog::async_logger>(
            "orrery", std::make_shared<BatchingSink>(out, *pool), pool,
            spdlog::async_overflow_policy::overrun_oldest)) {
    logger->set_level(spdlog::level::trace);  // levels are SpdlogLog's own
    logger->set_formatter(std::make_unique<LineFormatter>(options.format));
  }

  // The thread writes what is left and ends before the logger that it uses goes.
  ~Engine() { pool.reset(); }

  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
};

SpdlogLog::SpdlogLog(SpdlogOptions options, std::ostream& out)
    : least_(options.least),
      format_(options.format),
      engine_(std::make_unique<Engine>(options, out)) {}

SpdlogLog::~SpdlogLog() {
  tell_drops();
}

void SpdlogLog::write(Level level, std::string_view event, LogFields fields) {
  if (!wants(level)) return;
  tell_drops();
  put(level, event, fields);
}

void SpdlogLog::put(Level level, std::string_view event, LogFields fields) {
  const std::string line =
      format_ == LogFormat::json ? as_json_members(event, fields) : as_text(event, fields);
  engine_->logger->log(spdlog_level(level), spdlog::string_view_t(line));
}

// The loss is told by the first writer that sees it, in a line of its own.
void SpdlogLog::tell_drops() {
  const std::uint64_t all = dropped();
  std::uint64_t told = told_drops_.load();
  if (all == told || !told_drops_.compare_exchange_strong(told, all)) return;
  const LogField lost[] = {{"lines", all - told}};
  put(Level::warn, "log lines dropped", lost);
}

std::uint64_t SpdlogLog::dropped() const {
  return engine_->pool->overrun_counter();
}

}  // namespace orrery::observe
