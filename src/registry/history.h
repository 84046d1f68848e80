// A GroupHistory keeps a group's newest messages, and knows what somebody who comes back has
// missed.
//
// Owner   its group.
// Thread  one at a time: the group's mutex.
// Limit   History::messages and age, RegistryLimits::history_bytes; beyond: the oldest go.
// Why     time is an argument: no clock in here.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "base/clock.h"
#include "base/shared_bytes.h"
#include "orrery/address.h"
#include "orrery/message.h"

namespace orrery::registry {

class GroupHistory {
 public:
  struct Kept {
    Position position;
    MessageType type;
    SharedBytes payload;
    Time at;
  };
  /// `whole`: `messages` is all that was published since.
  struct Missed {
    bool whole;
    std::vector<Kept> messages;
  };

  /// `epoch` is not 0, and no other history's.
  GroupHistory(std::uint64_t epoch, const History& bounds, std::size_t most_bytes)
      : bounds_(bounds), most_bytes_(most_bytes), now_{epoch, 0} {}

  void resize(const History& bounds, Time now);
  Position append(MessageType type, SharedBytes payload, Time now);
  /// Since a position of this history; {0, 0} is the place before its first message.
  [[nodiscard]] Missed since(const Position& position, Time now);
  [[nodiscard]] Position position() const { return now_; }

 private:
  void trim(Time now);

  History bounds_;
  const std::size_t most_bytes_;
  Position now_;
  std::deque<Kept> kept_;  // oldest first
  std::size_t bytes_ = 0;
};

}  // namespace orrery::registry
