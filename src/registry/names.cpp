#include "registry/names.h"

#include <algorithm>
#include <utility>

#include "registry/common.h"
#include "registry/names_deferred.h"

namespace orrery::registry {

using Kind = NameAnswer::Kind;

Names::Names(std::shared_ptr<Common> common, std::string pool)
    : common_(std::move(common)), pool_(std::move(pool)) {}

Names::Shard& Names::shard_of(std::string_view name) const {
  return shards_[TextHash{}(name) % shards];
}

Names::HolderShard& Names::shard_of(const Address& who) {
  return holders_[std::hash<Address>{}(who) / 64 % shards];
}

void Names::claim(std::string_view name, const Address& who, Conflict conflict, Answered done) {
  Deferred later;
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  admit(shard.names, name, {who, conflict, std::move(done)}, later);
}

void Names::admit(Table& names, std::string_view name, Waiting claim, Deferred& later) {
  if (common_->stopped() || !claim.who.alive()) return later.answer(claim.done, Kind::unavailable);
  const auto at = names.find(name);
  if (at != names.end() && at->second->state == Entry::State::held)
    return admit_to_held(*at->second, name, std::move(claim), later);
  if (at != names.end()) return at->second->waiting.push_back(std::move(claim));
  if (!note(claim.who, name)) return later.answer(claim.done, Kind::unavailable);
  auto entry = std::make_unique<Entry>();
  entry->holder = claim.who;
  entry->id = common_->fresh_claim();
  entry->conflict = claim.conflict;
  entry->done = std::move(claim.done);
  later.steps.emplace_back([self = shared_from_this(), name = std::string(name), id = entry->id] {
    self->create(name, id);
  });
  names.emplace(std::string(name), std::move(entry));
}

// The name is this node's, so it can change hands without the store. A holder that has just ended
// is about to give it back; nobody has to be told.
void Names::admit_to_held(Entry& entry, std::string_view name, Waiting claim, Deferred& later) {
  if (entry.holder == claim.who) return tell(entry, name, std::move(claim.done), later);
  const bool holder_lives = entry.holder.alive();
  if (holder_lives && claim.conflict == Conflict::refuse)
    return later.answer(claim.done, Kind::taken, common_->names->node());
  if (!note(claim.who, name)) return later.answer(claim.done, Kind::unavailable);
  if (holder_lives)
    take_from(entry.holder, std::string(name));
  else
    strike(entry.holder, name);
  entry.holder = std::move(claim.who);
  tell(entry, name, std::move(claim.done), later);
}

// While the holder is being told, on any thread and without a lock, nobody can tell it the
// contrary: so `registered` never comes after the loss of the name.
void Names::tell(Entry& entry, std::string_view name, Answered done, Deferred& later) {
  entry.state = Entry::State::telling;
  entry.telling = common_->fresh_number();
  later.steps.emplace_back([self = shared_from_this(), name = std::string(name),
                            telling = entry.telling, done = std::move(done)]() mutable {
    done({Kind::registered});
    self->told(name, telling);
  });
}

void Names::told(const std::string& name, std::uint64_t telling) {
  Deferred later;
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.names.find(name);
  if (at == shard.names.end() || at->second->telling != telling) return;
  Entry& entry = *at->second;
  const bool wanted = entry.holder != Address{};
  if (entry.lost) {
    if (wanted) take_from(entry.holder, name);
    return settle(shard.names, at, later);
  }
  if (!wanted) return give_back(entry, name, later);
  entry.state = Entry::State::held;
  auto waiting = std::exchange(entry.waiting, {});
  for (Waiting& claim : waiting) admit(shard.names, name, std::move(claim), later);
}

// The holder is told before anybody else can be. Without room for that it can't go on either.
void Names::take_from(const Address& holder, const std::string& name) {
  strike(holder, name);
  const auto& mailbox = actor::Mailbox::of(holder);
  if (mailbox->post(actor::NameLostLetter{name}) == Posted::full)
    (void)mailbox->close(CloseCause::Kind::name_lost, 4000, "name taken over");
}

// Nothing is known about the name any more; those who waited begin anew, the first one first.
void Names::settle(Table& names, Table::iterator at, Deferred& later) {
  const std::string name = at->first;
  const auto entry = std::move(at->second);
  names.erase(at);
  for (Waiting& claim : entry->waiting) admit(names, name, std::move(claim), later);
}

void Names::give_back(Entry& entry, const std::string& name, Deferred& later) {
  entry.state = Entry::State::releasing;
  entry.holder = {};
  entry.waited = {};
  later.steps.emplace_back([self = shared_from_this(), name, revision = entry.revision] {
    self->remove(name, revision);
  });
}

NameReleased Names::release(std::string_view name, const Address& who) {
  Deferred later;
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.names.find(name);
  if (at == shard.names.end()) return NameReleased::not_held;
  return abandon(*at->second, at->first, who, later);
}

NameReleased Names::abandon(Entry& entry, const std::string& name, const Address& who,
                            Deferred& later) {
  auto answer = NameReleased::not_held;
  for (Waiting& claim : entry.waiting) {
    if (claim.who != who) continue;
    later.answer(claim.done, Kind::unavailable);
    answer = NameReleased::released;
  }
  std::erase_if(entry.waiting, [&](const Waiting& claim) { return claim.who == who; });
  if (entry.state == Entry::State::releasing || entry.holder != who) return answer;
  strike(who, name);
  if (entry.state == Entry::State::held) {
    give_back(entry, name, later);
  } else {
    entry.holder = {};  // once it is clear what there is to be given back, it is
    later.answer(entry.done, Kind::unavailable);
  }
  return NameReleased::released;
}

// From here on note() says no: the mailbox has ended, and who noted before is found here.
void Names::release_all(const Address& who) {
  std::vector<std::string> names;
  {
    HolderShard& shard = shard_of(who);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.names.find(who);
    if (found == shard.names.end()) return;
    names = std::move(found->second);
    shard.names.erase(found);
  }
  for (const std::string& name : names) (void)release(name, who);
}

std::vector<std::string> Names::held_by(const Address& who) {
  std::vector<std::string> names;
  {
    HolderShard& shard = shard_of(who);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.names.find(who);
    if (found != shard.names.end()) names = found->second;
  }
  std::erase_if(names, [&](const std::string& name) { return find(name) != who; });  // only claimed
  return names;
}

bool Names::note(const Address& who, std::string_view name) {
  HolderShard& shard = shard_of(who);
  const std::lock_guard lock(shard.mutex);
  if (!who.alive()) return false;
  shard.names[who].emplace_back(name);
  return true;
}

void Names::strike(const Address& who, std::string_view name) {
  HolderShard& shard = shard_of(who);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.names.find(who);
  if (found == shard.names.end()) return;
  auto& names = found->second;
  const auto at = std::ranges::find(names, name);
  if (at != names.end()) names.erase(at);
  if (names.empty()) shard.names.erase(found);
}

std::optional<Address> Names::find(std::string_view name) const {
  const Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.names.find(name);
  if (found == shard.names.end()) return std::nullopt;
  const Entry& entry = *found->second;
  const bool confirmed =
      entry.state == Entry::State::held || (entry.state == Entry::State::telling && !entry.lost);
  return confirmed && entry.holder.alive() ? std::optional(entry.holder) : std::nullopt;
}

std::size_t Names::size() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.names.size();
  }
  return sum;
}

}  // namespace orrery::registry
