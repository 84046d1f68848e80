// A Group is the record that a node keeps of one group of one pool: who is in it, on which loops,
// who watches, and what was said.
//
// Owner   shared: by its scope while it has members, watchers or a history, and by whoever holds
// it. Thread  join() and leave() on the loop of the session that does it, where its loop's roll is;
// the
//         rest from any.
// Limit   RegistryLimits: metadata_bytes, history_bytes.
// Why     a publish reads one number per loop and takes no lock, unless a history is kept; then it
// is
//         numbered, kept and handed over under the group's lock, so that all loops see one order.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actor/mailbox.h"
#include "base/slab.h"
#include "orrery/address.h"
#include "orrery/session_waits.h"
#include "registry/fanout.h"
#include "registry/history.h"
#include "registry/roll.h"

namespace orrery::registry {

class Common;
class Scope;

class Group final : public std::enable_shared_from_this<Group> {
 public:
  Group(std::shared_ptr<Common> common, std::string pool, std::string name);
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  /// Memberships on this node.
  [[nodiscard]] std::size_t count() const;
  /// On one loop.
  [[nodiscard]] std::size_t count(std::size_t loop) const;
  /// Nobody finds it any more: it had no members, no watchers and no history.
  [[nodiscard]] bool retired() const { return retired_.load(std::memory_order_acquire); }

 private:
  friend class Scope;
  friend class Delivery;

  struct SlotHash {
    std::size_t operator()(SlotId id) const { return std::hash<std::uint32_t>{}(id.slot); }
  };
  /// Of each member on one loop: the last numbered publication that it does not get.
  using LoopRoll = Roll<SlotId, std::uint64_t, SlotHash>;
  struct OnLoop {
    std::atomic<std::uint32_t> count{0};
    std::unique_ptr<LoopRoll> roll{};  // of that loop's thread alone
  };
  struct Watching {};
  enum class Answer : std::uint8_t { done, retired };

  Answer join(const Address& who, std::string_view metadata, const Position* since,
              Recovery* recovery);
  /// Whether the group looks idle now.
  bool leave(const Address& who);
  std::size_t publish(MessageType type, const SharedBytes& payload, const Address& except);
  Answer track(const Address& watcher, std::vector<Member>& snapshot);
  bool untrack(const Address& watcher);
  Answer keep_history(const History& history);
  [[nodiscard]] std::vector<Member> members();
  /// Whether it is, from now on.
  bool retire_if_idle();
  [[nodiscard]] bool idle() const;

  void enter(const Address& who, std::string_view metadata);
  void tell_watchers(Presence::Kind kind, const Address& who, const std::string& metadata);
  std::size_t hand_over(const Publication& publication, const Address& except);
  [[nodiscard]] bool wants_messages() const { return !members_.empty() || history_; }

  const std::shared_ptr<Common> common_;
  const std::string pool_;
  const std::string name_;
  const std::unique_ptr<OnLoop[]> on_loop_;
  std::atomic<bool> retired_{false};
  std::atomic<bool> keeps_history_{false};

  std::mutex mutex_;  // guards all below
  Roll<Address, std::string> members_;
  Roll<Address, Watching> watchers_;
  std::optional<GroupHistory> history_;
  std::uint64_t sequence_ = 0;  // of the newest numbered publication
};

/// A publication that one loop is handing out to the members there.
class Delivery {
 public:
  explicit Delivery(const Publication& publication) : publication_(publication) {
    const auto& roll = publication.group().on_loop_[publication.loop_].roll;
    if (roll) members_.emplace(*roll);
  }

  [[nodiscard]] const Publication& publication() const { return publication_; }
  /// The next member that gets it: of those who were there when this began, and have not left
  /// since. Meanwhile any session may join or leave.
  [[nodiscard]] std::optional<SlotId> next() {
    while (const auto seen = members_ ? members_->next() : std::nullopt) {
      const bool heard = publication_.sequence_ != 0 && publication_.sequence_ <= seen->value;
      if (!heard && publication_.except_ != seen->key) return seen->key;
    }
    return std::nullopt;
  }
  /// Who may get it after so many others.
  [[nodiscard]] std::optional<SlotId> coming(std::size_t others) const {
    return members_ ? members_->coming(others) : std::nullopt;
  }

 private:
  const Publication& publication_;
  std::optional<Group::LoopRoll::Reading> members_{};
};

}  // namespace orrery::registry
