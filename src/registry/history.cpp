#include "registry/history.h"

#include <utility>

namespace orrery::registry {

void GroupHistory::resize(const History& bounds, Time now) {
  bounds_ = bounds;
  trim(now);
}

Position GroupHistory::append(MessageType type, SharedBytes payload, Time now) {
  ++now_.offset;
  bytes_ += payload.size();
  kept_.push_back({now_, type, std::move(payload), now});
  trim(now);
  return now_;
}

GroupHistory::Missed GroupHistory::since(const Position& position, Time now) {
  trim(now);
  const bool from_the_first = position == Position{};
  if (!from_the_first && position.epoch != now_.epoch) return {false, {}};
  if (position.offset > now_.offset) return {false, {}};
  const std::uint64_t missing = now_.offset - position.offset;
  if (missing > kept_.size()) return {false, {}};
  const auto first = kept_.end() - static_cast<std::ptrdiff_t>(missing);
  return {true, {first, kept_.end()}};
}

void GroupHistory::trim(Time now) {
  while (!kept_.empty()) {
    const Kept& oldest = kept_.front();
    const bool fits = kept_.size() <= bounds_.messages && bytes_ <= most_bytes_;
    if (fits && now - oldest.at <= bounds_.age) return;
    bytes_ -= oldest.payload.size();
    kept_.pop_front();
  }
}

}  // namespace orrery::registry
