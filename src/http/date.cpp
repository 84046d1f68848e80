#include "http/date.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "http/characters.h"

namespace orrery::http {
namespace {

using std::chrono::system_clock;

constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_days{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                    "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads a date from left to right; once something did not fit, ok() stays false.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : left_(text) {}

  void skip(std::string_view expected) {
    ok_ = ok_ && left_.starts_with(expected);
    left_.remove_prefix(std::min(expected.size(), left_.size()));
  }
  // `width` digits; with `padded`, the first may be a space.
  int number(std::size_t width, bool padded = false) {
    int value = 0;
    ok_ = ok_ && left_.size() >= width;
    for (std::size_t i = 0; ok_ && i < width; ++i) {
      const bool pad = padded && i == 0 && left_[i] == ' ';
      ok_ = pad || is_digit(left_[i]);
      value = value * 10 + (pad ? 0 : left_[i] - '0');
    }
    left_.remove_prefix(std::min(width, left_.size()));
    return value;
  }
  template <std::size_t N>
  int one_of(const std::array<std::string_view, N>& words) {
    for (std::size_t i = 0; i < N; ++i) {
      if (!left_.starts_with(words[i])) continue;
      left_.remove_prefix(words[i].size());
      return static_cast<int>(i);
    }
    ok_ = false;
    return 0;
  }
  [[nodiscard]] bool at_end() const { return ok_ && left_.empty(); }
  [[nodiscard]] bool looking_at(char c) const { return left_.starts_with(c); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

struct Fields {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

void read_time(Cursor& cursor, Fields& f) {
  f.hour = cursor.number(2);
  cursor.skip(":");
  f.minute = cursor.number(2);
  cursor.skip(":");
  f.second = cursor.number(2);
}

// "Sun, 06 Nov 1994 08:49:37 GMT", or "Sunday, 06-Nov-94 08:49:37 GMT" with '-' and two digits.
bool read_comma_form(std::string_view text, Fields& f) {
  Cursor cursor(text);
  const bool is_long = text.size() > 3 && text[3] != ',';
  if (is_long)
    cursor.one_of(long_days);
  else
    cursor.one_of(days);
  cursor.skip(", ");
  f.day = cursor.number(2);
  const std::string_view gap = is_long ? "-" : " ";
  cursor.skip(gap);
  f.month = cursor.one_of(months) + 1;
  cursor.skip(gap);
  f.year = cursor.number(is_long ? 2 : 4);
  if (is_long) f.year += f.year < 70 ? 2000 : 1900;
  cursor.skip(" ");
  read_time(cursor, f);
  cursor.skip(" GMT");
  return cursor.at_end();
}

// "Sun Nov  6 08:49:37 1994"
bool read_asctime(std::string_view text, Fields& f) {
  Cursor cursor(text);
  cursor.one_of(days);
  cursor.skip(" ");
  f.month = cursor.one_of(months) + 1;
  cursor.skip(" ");
  f.day = cursor.number(2, true);
  cursor.skip(" ");
  read_time(cursor, f);
  cursor.skip(" ");
  f.year = cursor.number(4);
  return cursor.at_end();
}

}  // namespace

std::string http_date(system_clock::time_point time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                     days[std::chrono::weekday(day).c_encoding()], unsigned{date.day()},
                     months[unsigned{date.month()} - 1], int{date.year()}, clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::optional<system_clock::time_point> parse_http_date(std::string_view text) {
  Fields f;
  const bool comma = text.find(',') != std::string_view::npos;
  if (!(comma ? read_comma_form(text, f) : read_asctime(text, f))) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(f.year),
                                         std::chrono::month(static_cast<unsigned>(f.month)),
                                         std::chrono::day(static_cast<unsigned>(f.day))};
  const bool clock_ok = f.hour < 24 && f.minute < 60 && f.second <= 60;  // 60: a leap second
  // What the system's clock can count in nanoseconds.
  if (!date.ok() || !clock_ok || f.year < 1970 || f.year > 2261) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(f.hour) + std::chrono::minutes(f.minute) +
         std::chrono::seconds(f.second);
}

}  // namespace orrery::http
