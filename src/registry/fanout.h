// How one publish reaches the loops: one hand-over, with one shared payload, to each that has
// members.
//
// Owner   Loops: shared by the registry, its groups and what is under way. A hand-over: itself.
// Thread  Loops::add() before the first publish; a Fanout and a Publication on their loop's; the
//         rest from any.
// Limit   RegistryLimits::loop_bytes under way to one loop; one payload always fits an idle loop.
// Why     the loop, not the publisher, walks the members: a publish costs the same however many.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "actor/door.h"
#include "base/shared_bytes.h"
#include "base/slab.h"
#include "orrery/address.h"
#include "orrery/message.h"

namespace orrery::registry {

class Group;

/// One message on its way to the members that a group has on one loop.
class Publication {
 public:
  Publication(std::shared_ptr<Group> group, MessageType type, SharedBytes payload,
              Position position = {}, std::uint64_t sequence = 0)
      : group_(std::move(group)),
        payload_(std::move(payload)),
        position_(position),
        sequence_(sequence),
        type_(type) {}

  [[nodiscard]] Group& group() const { return *group_; }
  [[nodiscard]] MessageType type() const { return type_; }
  [[nodiscard]] const SharedBytes& payload() const { return payload_; }
  /// Its place in the group's history; zeros where none is kept.
  [[nodiscard]] Position position() const { return position_; }

  /// Whether this session published it, inside one of its own callbacks.
  [[nodiscard]] bool is_from(SlotId session) const { return from_ == session; }

 private:
  friend class Loops;
  friend class Delivery;

  std::shared_ptr<Group> group_;
  SharedBytes payload_;
  Position position_;
  std::uint64_t sequence_;  // among the group's numbered publications; 0: not numbered
  std::size_t loop_ = 0;
  std::optional<SlotId> except_{};
  std::optional<SlotId> from_{};
  MessageType type_;
};

class Delivery;  // group.h

/// What a loop does with a publication. Called on the loop's thread, never inside a callback of a
/// session, and never before the publish() that caused it has handed over.
class Fanout {
 public:
  /// False: some members are left. Then it is called again when the loop next looks into its inbox,
  /// and nothing that was posted later goes before.
  [[nodiscard]] virtual bool deliver(Delivery& delivery) = 0;

 protected:
  ~Fanout() = default;
};

/// The loops of one node, as publishers see them.
class Loops {
 public:
  Loops(std::size_t bytes_per_loop, std::size_t loops)
      : bytes_per_loop_(bytes_per_loop), ports_(loops) {}

  /// At the place that the door says; again, if a start has failed. `fanout` lives as long as the
  /// loop behind the door turns.
  void add(std::shared_ptr<actor::Door> door, Fanout& fanout);
  [[nodiscard]] std::size_t size() const { return ports_.size(); }

  /// Full: there was no room. `except`, a session of that loop or any other, does not get it.
  [[nodiscard]] Posted hand_over(std::size_t loop, Publication publication, const Address& except);

  /// Published payloads on their way to that loop.
  [[nodiscard]] std::size_t bytes_under_way(std::size_t loop) const;

 private:
  class HandOver;

  struct Port {
    Port(std::shared_ptr<actor::Door> to, Fanout& then) : door(std::move(to)), fanout(then) {}
    const std::shared_ptr<actor::Door> door;
    Fanout& fanout;
    alignas(64) std::atomic<std::size_t> bytes{0};
  };

  const std::size_t bytes_per_loop_;
  std::vector<std::shared_ptr<Port>> ports_;
};

}  // namespace orrery::registry
