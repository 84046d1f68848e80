// A Log takes one line per event: a sentence and fields. `main()` hands it in; there is no global.
//
// Thread  any.
// Limit   an implementation may drop lines when it is overrun, and counts them.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace orrery::observe {

enum class Level : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };

/// Text that came from outside: always shown in quotes.
struct Quoted {
  std::string_view text;
};
inline Quoted quoted(std::string_view text) {
  return {text};
}

/// A name and a value. It views its text: make it where it is logged.
struct LogField {
  using Value = std::variant<std::string_view, Quoted, std::int64_t, std::uint64_t, double, bool>;

  LogField(std::string_view field, std::string_view text) : name(field), value(text) {}
  LogField(std::string_view field, const char* text) : name(field), value(std::string_view(text)) {}
  LogField(std::string_view field, const std::string& text)
      : name(field), value(std::string_view(text)) {}
  LogField(std::string_view field, Quoted text) : name(field), value(text) {}
  LogField(std::string_view field, bool flag) : name(field), value(flag) {}
  LogField(std::string_view field, double number) : name(field), value(number) {}
  template <std::signed_integral Number>
  LogField(std::string_view field, Number number) : name(field), value(std::int64_t{number}) {}
  template <std::unsigned_integral Number>
  requires(!std::same_as<Number, bool>) LogField(std::string_view field, Number number)
      : name(field), value(std::uint64_t{number}) {}

  std::string_view name;
  Value value;
};

using LogFields = std::span<const LogField>;

class Log {
 public:
  virtual ~Log() = default;

  /// False saves the work of gathering fields for a line that nobody will see.
  [[nodiscard]] virtual bool wants(Level level) const = 0;
  /// `event` is a fixed sentence, such as "session closed"; what varies belongs into the fields.
  virtual void write(Level level, std::string_view event, LogFields fields) = 0;

  void write(Level level, std::string_view event) { write(level, event, LogFields{}); }
  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(Level::debug, event, LogFields{fields.begin(), fields.size()});
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(Level::info, event, LogFields{fields.begin(), fields.size()});
  }
  void warn(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(Level::warn, event, LogFields{fields.begin(), fields.size()});
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    write(Level::error, event, LogFields{fields.begin(), fields.size()});
  }
};

std::string_view name_of(Level level);

/// `session closed gear=echo code=4001 reason="bye"`
std::string as_text(std::string_view event, LogFields fields);
/// `"message":"session closed","gear":"echo","code":4001,"reason":"bye"`: members without braces.
std::string as_json_members(std::string_view event, LogFields fields);

/// Keeps every line, as `info session closed gear=echo`, for tests and for library users without a
/// log of their own.
class MemoryLog final : public Log {
 public:
  explicit MemoryLog(Level least = Level::debug) : least_(least) {}
  [[nodiscard]] bool wants(Level level) const override { return level >= least_; }
  using Log::write;
  void write(Level level, std::string_view event, LogFields fields) override;

  [[nodiscard]] std::vector<std::string> lines() const;
  [[nodiscard]] bool has(std::string_view part) const;

 private:
  Level least_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// Says nothing.
class NoLog final : public Log {
 public:
  [[nodiscard]] bool wants(Level) const override { return false; }
  using Log::write;
  void write(Level, std::string_view, LogFields) override {}
};

}  // namespace orrery::observe
