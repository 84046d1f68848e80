#include "admin/problems.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>

namespace orrery::admin {
namespace {

using Level = Problem::Level;
using Problems = std::vector<Problem>;

constexpr std::size_t most_of_a_kind = 4;
constexpr double nearly_full = 0.8;  // as the bars of the dashboard
constexpr std::int64_t hour = 3'600;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t due = 14 * day;  // as its certificates
constexpr std::int64_t urgent = 3 * day;

// 1234567 is "1,234,567".
std::string in_words(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

// 1,000 each, as the configuration's MB and GB.
std::string bytes_in_words(std::uint64_t number) {
  constexpr std::array<const char*, 6> units = {"B", "kB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(number);
  std::size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < units.size(); ++unit) value /= 1000;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g %s", value, units[unit]);
  return text.data();
}

std::string plural(std::uint64_t number, const std::string& one) {
  return in_words(number) + " " + one + (number == 1 ? "" : "s");
}

// What may hold nothing is full.
double share_of(std::uint64_t value, std::uint64_t limit) {
  return limit > 0 ? static_cast<double>(value) / static_cast<double>(limit) : 1;
}

Problems about_the_node(const ServerStatus& status) {
  if (status.draining)
    return {{"draining", Level::warning,
             "This node is draining: " + plural(status.sessions, "session") +
                 " left, newcomers are refused."}};
  if (status.ready) return {};
  return {{"starting", Level::warning, "This node is not ready for newcomers."}};
}

Problems about_accepting(const ServerStatus& status) {
  if (!status.accepting_paused) return {};
  return {{"accepting", Level::error,
           "Newcomers wait unanswered: accepting pauses, and the log says why. orrery doctor tells "
           "how to raise the limit of descriptors."}};
}

using InWords = std::string (*)(std::uint64_t);

// How much of one thing that a pool bounds is taken.
struct Taken {
  std::string_view what;
  std::uint64_t value, limit;
  InWords say;
};

void look_at(const std::string& pool, const Taken& taken, Problems& found) {
  const double share = share_of(taken.value, taken.limit);
  const std::string numbers = taken.say(taken.value) + " of " + taken.say(taken.limit);
  const std::string key = pool + " " + std::string(taken.what);
  if (share >= 1)
    found.push_back(
        {key + " full", Level::error,
         "Pool " + pool + " has no " + std::string(taken.what) + " left: " + numbers + "."});
  else if (share > nearly_full)
    found.push_back({key + " high", Level::warning,
                     "Pool " + pool + " is nearly full: " + numbers + ", " +
                         std::to_string(static_cast<int>(share * 100)) + " %."});
}

Problems about_pools(const ServerStatus& status) {
  Problems found;
  for (const PoolStatus& pool : status.pools) {
    look_at(pool.name, {"places", pool.sessions, pool.session_limit, in_words}, found);
    look_at(pool.name, {"memory", pool.memory_bytes, pool.memory_limit_bytes, bytes_in_words},
            found);
  }
  return found;
}

std::string time_in_words(std::int64_t left) {
  if (left <= 0) return "has expired";
  const auto count = [left](std::int64_t unit) { return static_cast<std::uint64_t>(left / unit); };
  return "expires in " + (left < 2 * day ? plural(count(hour), "hour") : plural(count(day), "day"));
}

Problems about_certificates(const ServerStatus& status, std::chrono::system_clock::time_point now) {
  Problems found;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  for (const auto& [name, ends] : status.certificates) {
    const std::int64_t left = ends - seconds;
    if (left >= due) continue;
    found.push_back({"certificate " + name, left < urgent ? Level::error : Level::warning,
                     "Certificate " + name + " " + time_in_words(left) + "."});
  }
  return found;
}

bool is_worse(const Problem& one, const Problem& other) {
  return one.level > other.level;
}

// The worst of a kind, and how many there are besides.
void take(Problems& all, Problems kind, const std::string& what) {
  std::ranges::stable_sort(kind, is_worse);
  const std::size_t shown = std::min(kind.size(), most_of_a_kind);
  const std::size_t left = kind.size() - shown;
  kind.resize(shown);
  std::ranges::move(kind, std::back_inserter(all));
  if (left > 0)
    all.push_back({what, Level::warning, plural(left, "further warning") + " about " + what + "."});
}

}  // namespace

Problems problems_of(const ServerStatus& status, std::chrono::system_clock::time_point now) {
  Problems all = about_the_node(status);
  take(all, about_accepting(status), "accepting");
  take(all, about_pools(status), "pools");
  take(all, about_certificates(status, now), "certificates");
  std::ranges::stable_sort(all, is_worse);
  return all;
}

}  // namespace orrery::admin
