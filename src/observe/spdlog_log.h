// SpdlogLog writes lines on a thread of its own, so that no loop ever waits for a terminal or a
// disk.
//
// Owner   main().
// Thread  any; the output stream is used by the writing thread only, until the destructor returns.
// Limit   a line waits for 5 ms at most before it is written. SpdlogOptions::queue_lines; beyond
// them the oldest line is dropped and counted, and a
//         later line says how many.
#pragma once

#include <atomic>
#include <cstdint>
#include <iosfwd>
#include <memory>

#include "observe/log.h"

namespace orrery::observe {

struct SpdlogOptions {
  Level least = Level::info;
  LogFormat format = LogFormat::text;
  std::size_t queue_lines = 8'192;
};

class SpdlogLog final : public Log {
 public:
  SpdlogLog(SpdlogOptions options, std::ostream& out);
  ~SpdlogLog() override;  // writes what is still waiting
  SpdlogLog(const SpdlogLog&) = delete;
  SpdlogLog& operator=(const SpdlogLog&) = delete;

  [[nodiscard]] bool wants(Level level) const override { return level >= least_.load(); }
  using Log::write;
  void write(Level level, std::string_view event, LogFields fields) override;

  void set_least(Level level) { least_ = level; }
  /// Lines lost so far.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct Engine;

  void put(Level level, std::string_view event, LogFields fields);
  void tell_drops();

  std::atomic<Level> least_;
  LogFormat format_;
  std::atomic<std::uint64_t> told_drops_{0};
  std::unique_ptr<Engine> engine_;
};

}  // namespace orrery::observe
