#include "registry/group.h"

#include <cassert>
#include <utility>

#include "registry/common.h"

namespace orrery::registry {
namespace {

using actor::Mailbox;

// The first bytes of a text, none of its UTF-8 characters in two.
std::string_view cut_at_character(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return text;
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
  };
  std::size_t end = most_bytes;
  for (int back = 0; back < 3 && end > 0 && continues(end); ++back) --end;
  return text.substr(0, continues(end) ? most_bytes : end);
}

Recovery recovery_from(const GroupHistory::Missed& missed, Position now) {
  if (!missed.whole) return {Recovery::Kind::gap, now, {}};
  Recovery recovery{Recovery::Kind::complete, now, {}};
  recovery.missed.reserve(missed.messages.size());
  for (const auto& kept : missed.messages)
    recovery.missed.push_back({kept.position, kept.type, std::string(kept.payload.view())});
  return recovery;
}

}  // namespace

Group::Group(std::shared_ptr<Common> common, std::string pool, std::string name)
    : common_(std::move(common)),
      pool_(std::move(pool)),
      name_(std::move(name)),
      on_loop_(std::make_unique<OnLoop[]>(common_->loops.size())) {}

std::size_t Group::count() const {
  std::size_t sum = 0;
  for (std::size_t loop = 0; loop < common_->loops.size(); ++loop) sum += count(loop);
  return sum;
}

std::size_t Group::count(std::size_t loop) const {
  return on_loop_[loop].count.load(std::memory_order_acquire);
}

// The roll of the loop changes under the lock too, although nobody else reads it: so a message is
// either numbered before the member entered, or handed over to a loop that has the member.
Group::Answer Group::join(const Address& who, std::string_view metadata, const Position* since,
                          Recovery* recovery) {
  const Mailbox& mailbox = *Mailbox::of(who);
  assert(mailbox.door().here());
  OnLoop& here = on_loop_[mailbox.door().loop()];
  GroupHistory::Missed missed{false, {}};
  Position now;
  {
    const std::lock_guard lock(mutex_);
    if (retired()) return Answer::retired;
    if (!here.roll) here.roll = std::make_unique<LoopRoll>();
    if (here.roll->add(mailbox.session(), sequence_) != nullptr) {
      here.count.fetch_add(1, std::memory_order_release);
      enter(who, cut_at_character(metadata, common_->limits.metadata_bytes));
    } else if (since != nullptr) {
      *here.roll->find(mailbox.session()) = sequence_;
    }
    if (since != nullptr && history_) missed = history_->since(*since, common_->now());
    if (history_) now = history_->position();
  }
  if (recovery != nullptr) *recovery = recovery_from(missed, now);
  return Answer::done;
}

void Group::enter(const Address& who, std::string_view metadata) {
  const bool before = wants_messages();
  const std::string* added = members_.add(who, std::string(metadata));
  if (added == nullptr) return;
  if (!before) common_->bus->interest({pool_, name_}, Interest::taken);
  tell_watchers(Presence::Kind::joined, who, *added);
}

bool Group::leave(const Address& who) {
  const Mailbox& mailbox = *Mailbox::of(who);
  assert(mailbox.door().here());
  OnLoop& here = on_loop_[mailbox.door().loop()];
  if (!here.roll || !here.roll->remove(mailbox.session())) return false;
  here.count.fetch_sub(1, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  std::string* metadata = members_.find(who);
  if (metadata == nullptr) return idle();
  const std::string said = std::move(*metadata);
  members_.remove(who);
  if (!wants_messages()) common_->bus->interest({pool_, name_}, Interest::given_up);
  tell_watchers(Presence::Kind::left, who, said);
  return idle();
}

// What becomes of one who is told is not told to the others: those who watch and are gone, go.
void Group::tell_watchers(Presence::Kind kind, const Address& who, const std::string& metadata) {
  watchers_.for_each([&](const Address& watcher, Watching&) {
    if (watcher == who) return;
    const auto told = Mailbox::of(watcher)->post(actor::PresenceLetter{kind, name_, who, metadata});
    if (told == Posted::gone) watchers_.remove(watcher);
  });
}

std::size_t Group::publish(MessageType type, const SharedBytes& payload, const Address& except) {
  if (keeps_history_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(mutex_);
    if (history_) {
      const Position position = history_->append(type, payload, common_->now());
      return hand_over({shared_from_this(), type, payload, position, ++sequence_}, except);
    }
  }
  return hand_over({shared_from_this(), type, payload}, except);
}

std::size_t Group::hand_over(const Publication& publication, const Address& except) {
  std::size_t memberships = 0;
  for (std::size_t loop = 0; loop < common_->loops.size(); ++loop) {
    const std::size_t members = count(loop);
    if (members == 0) continue;
    if (common_->loops.hand_over(loop, publication, except) == Posted::full)
      common_->lost_to_full_loops.fetch_add(members, std::memory_order_relaxed);
    else
      memberships += members;
  }
  return memberships;
}

Group::Answer Group::track(const Address& watcher, std::vector<Member>& snapshot) {
  const std::lock_guard lock(mutex_);
  if (retired()) return Answer::retired;
  watchers_.add(watcher, {});
  members_.for_each([&](const Address& member, const std::string& metadata) {
    snapshot.push_back({member, metadata});
  });
  return Answer::done;
}

bool Group::untrack(const Address& watcher) {
  const std::lock_guard lock(mutex_);
  return watchers_.remove(watcher) && idle();
}

std::vector<Member> Group::members() {
  const std::lock_guard lock(mutex_);
  std::vector<Member> all;
  all.reserve(members_.size());
  members_.for_each([&](const Address& member, const std::string& metadata) {
    all.push_back({member, metadata});
  });
  return all;
}

Group::Answer Group::keep_history(const History& history) {
  const std::lock_guard lock(mutex_);
  if (retired()) return Answer::retired;
  const bool before = wants_messages();
  if (history.messages == 0) {
    history_.reset();
  } else if (history_) {
    history_->resize(history, common_->now());
  } else {
    history_.emplace(common_->fresh_number(), history, common_->limits.history_bytes);
  }
  keeps_history_.store(history_.has_value(), std::memory_order_release);
  if (before != wants_messages())
    common_->bus->interest({pool_, name_}, before ? Interest::given_up : Interest::taken);
  return Answer::done;
}

bool Group::idle() const {
  return members_.empty() && watchers_.empty() && !history_;
}

bool Group::retire_if_idle() {
  const std::lock_guard lock(mutex_);
  if (idle()) retired_.store(true, std::memory_order_release);
  return retired();
}

}  // namespace orrery::registry
