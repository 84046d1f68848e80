#include "observe/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace orrery::observe {
namespace {

constexpr std::size_t usual_line_bytes = 256;
constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

// The bytes of the UTF-8 sequence that `text` begins with; 0 if it is none (RFC 3629).
std::size_t sequence_at(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [byte](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned lead = byte(0);
  const unsigned second = byte(1);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const bool overlong = lead == 0xe0 && second < 0xa0;
    const bool surrogate = lead == 0xed && second > 0x9f;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const bool overlong = lead == 0xf0 && second < 0x90;
    const bool too_large = lead == 0xf4 && second > 0x8f;
    return continues(1) && continues(2) && continues(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

// JSON's escapes (RFC 8259 §7), which keep a text line on one line, too.
void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  while (!text.empty()) {
    const std::size_t size = sequence_at(text);
    const auto byte = static_cast<unsigned char>(text.front());
    if (size == 0) {
      line += replacement;
    } else if (byte == '"' || byte == '\\') {
      line += {'\\', text.front()};
    } else if (byte == '\n') {
      line += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += fmt::format("\\u{:04x}", byte);
    } else {
      line += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  line += '"';
}

constexpr std::array<bool, 256> bare = [] {
  std::array<bool, 256> allowed{};
  for (const unsigned char c : std::string_view(
           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/+@%[]*,;()<>#?&"))
    allowed[c] = true;
  return allowed;
}();

bool needs_no_quotes(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char byte) { return bare[byte]; });
}

template <typename Number>
void append_number(std::string& line, Number number) {
  const fmt::format_int text(number);
  line.append(text.data(), text.size());
}

enum class Texts : std::uint8_t { bare_where_possible, quoted };

void append_value(std::string& line, const LogField::Value& value, Texts texts) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    if (texts == Texts::bare_where_possible && needs_no_quotes(*text)) {
      line += *text;
    } else {
      append_quoted(line, *text);
    }
  } else if (const auto* outside = std::get_if<Quoted>(&value)) {
    append_quoted(line, outside->text);
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    line += *flag ? "true" : "false";
  } else if (const auto* number = std::get_if<double>(&value)) {
    char digits[32];
    const auto written =
        std::to_chars(digits, std::end(digits), *number, std::chars_format::general, 6);
    line.append(digits, written.ptr);
  } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    append_number(line, *whole);
  } else {
    append_number(line, std::get<std::uint64_t>(value));
  }
}

}  // namespace

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  return "error";
}

std::string as_text(std::string_view event, LogFields fields) {
  std::string line;
  line.reserve(usual_line_bytes);
  line += event;
  for (const LogField& field : fields) {
    line += ' ';
    line.append(field.name) += '=';
    append_value(line, field.value, Texts::bare_where_possible);
  }
  return line;
}

std::string as_json_members(std::string_view event, LogFields fields) {
  std::string line = "\"message\":";
  append_quoted(line, event);
  for (const LogField& field : fields) {
    line += ",";
    append_quoted(line, field.name);
    line += ":";
    append_value(line, field.value, Texts::quoted);
  }
  return line;
}

void MemoryLog::write(Level level, std::string_view event, LogFields fields) {
  if (!wants(level)) return;
  std::string line = fmt::format("{} {}", name_of(level), as_text(event, fields));
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::move(line));
}

std::vector<std::string> MemoryLog::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

bool MemoryLog::has(std::string_view part) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(lines_.begin(), lines_.end(),
                     [part](const std::string& line) { return line.find(part) != line.npos; });
}

}  // namespace orrery::observe
