// Groups: which sessions of one loop are members of which group.
//
// Owner   the loop's server part; a member leaves all its groups before its slot is released.
// Thread  its loop's; memberships() from any, to spare loops without members a hand-over.
// Limit   none of its own: how many groups a session joins is up to its gear.
// Why     one table per loop: a publish takes no lock, it is handed to the other loops' inboxes.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/slab.h"

namespace orrery::registry {

class Groups {
 public:
  /// Idempotent.
  void join(std::string_view group, SlotId member);
  void leave(std::string_view group, SlotId member);

  /// Empty if nobody is in it. Valid until the next join or leave.
  [[nodiscard]] std::span<const SlotId> members(std::string_view group) const;
  /// Memberships on this loop, over all groups.
  [[nodiscard]] std::size_t memberships() const {
    return memberships_.load(std::memory_order_relaxed);
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Group {
    std::vector<SlotId> members;
    boost::unordered_flat_map<std::uint32_t, std::size_t> places;  // slot → index in members
  };

  boost::unordered_flat_map<std::string, Group, Hash, std::equal_to<>> groups_;
  std::atomic<std::size_t> memberships_{0};
};

}  // namespace orrery::registry
