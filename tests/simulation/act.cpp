#include "act.h"

#include <array>

namespace orrery::simulation {

std::string_view name_of(Kind kind) {
  static constexpr std::array<std::string_view, kinds> names{
      "plain", "quiet", "receiver", "listener", "waiter", "worker", "tight", "hasty", "lossy"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(Verb verb) {
  static constexpr std::array<std::string_view, verbs> names{
      "echo",    "tell",         "shut",   "publish",    "publish_to_others",
      "join",    "join_since",   "leave",  "track",      "claim",
      "release", "send_to_name", "post",   "post_after", "close",
      "fail",    "pause",        "resume", "rest",       "work",
      "flush",   "claim_awaited"};
  return names[static_cast<std::size_t>(verb)];
}

std::string as_text(const Script& script) {
  std::string text;
  for (const Act& act : script) {
    if (!text.empty()) text += ", ";
    text += std::string(name_of(act.verb)) + " " + std::to_string(act.what);
  }
  return text;
}

std::string group_name(int which) {
  return "g" + std::to_string(which);
}

std::string unique_name(int which) {
  return "n" + std::to_string(which);
}

std::string pool_name(PoolNumber which) {
  return which == 0 ? "gear:main" : "tenant:" + std::to_string(which);
}

}  // namespace orrery::simulation
