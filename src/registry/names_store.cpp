// What Names asks the store, and what it makes of the answers. A claim keeps its id however often
// it is repeated, so that an answer that got lost is recognized when it turns up.

#include <algorithm>
#include <utility>

#include "registry/common.h"
#include "registry/names.h"
#include "registry/names_deferred.h"
#include "registry/request.h"

namespace orrery::registry {

using Kind = NameAnswer::Kind;

namespace {

constexpr milliseconds first_pause{50};
constexpr milliseconds longest_claim_pause{400};
constexpr milliseconds longest_removal_pause{5000};
constexpr int most_attempts_to_forget = 20;
constexpr milliseconds first_look{1000};
constexpr milliseconds last_look{32'000};

milliseconds pause_after(milliseconds waited, milliseconds longest) {
  return std::clamp(waited, first_pause, longest);
}

}  // namespace

void Names::create(const std::string& name, ClaimId id) {
  common_->names->create({pool_, name}, id,
                         [weak = weak_from_this(), name, id](const Created& answer) {
                           if (const auto self = weak.lock()) self->created(name, id, answer);
                         });
}

void Names::created(const std::string& name, ClaimId id, const Created& answer) {
  Deferred later;
  const NameStore& store = *common_->names;
  const bool ours = answer.kind != Created::Kind::unavailable && answer.holder.id == id &&
                    answer.holder.node == store.node();
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.names.find(name);
  const bool expected = at != shard.names.end() && at->second->id == id;
  if (!expected || at->second->state != Entry::State::claiming) {
    const bool known = expected && at->second->revision == answer.revision;
    if (ours && !known)  // an answer that nobody waits for any more, or twice the same claim
      later.steps.emplace_back([self = shared_from_this(), name, revision = answer.revision] {
        self->forget(name, revision, most_attempts_to_forget);
      });
    return;
  }
  if (answer.kind == Created::Kind::unavailable) return ask_again(shard.names, at, later);
  if (ours) return confirm(shard.names, at, answer, later);
  taken(shard.names, at, answer, later);
}

// A record of a life that has ended is worth nothing: the claim begins anew.
void Names::confirm(Table& names, Table::iterator at, const Created& answer, Deferred& later) {
  Entry& entry = *at->second;
  if (common_->names->life() != answer.holder.life) return ask_again(names, at, later);
  entry.life = answer.holder.life;
  entry.revision = answer.revision;
  if (!entry.done || !entry.holder.alive()) {
    later.answer(entry.done, Kind::unavailable);
    return give_back(entry, at->first, later);
  }
  tell(entry, at->first, std::exchange(entry.done, {}), later);
}

void Names::taken(Table& names, Table::iterator at, const Created& answer, Deferred& later) {
  Entry& entry = *at->second;
  const std::string& name = at->first;
  if (answer.holder.node == common_->names->node()) {
    // A claim of this node that was given up, and went through all the same.
    later.steps.emplace_back([self = shared_from_this(), name, revision = answer.revision] {
      self->forget(name, revision, 1);
    });
    return ask_again(names, at, later);
  }
  if (!entry.done || entry.conflict == Conflict::refuse ||
      entry.waited >= common_->limits.claim_time) {
    later.answer(entry.done, Kind::taken, answer.holder.node);
    strike(entry.holder, name);
    return settle(names, at, later);
  }
  entry.waited += first_pause;
  later.steps.emplace_back([self = shared_from_this(), name, id = entry.id,
                            holder = answer.holder] { self->ask_to_yield(name, id, holder); });
}

// Until the time is up; then the id may still turn up in the store, and is looked for.
void Names::ask_again(Table& names, Table::iterator at, Deferred& later) {
  Entry& entry = *at->second;
  const std::string name = at->first;
  const auto pause = pause_after(entry.waited, longest_claim_pause);
  const bool wanted = entry.done && entry.waited < common_->limits.claim_time;
  if (wanted && !common_->stopped()) {
    const auto again = [weak = weak_from_this(), name, id = entry.id] {
      if (const auto self = weak.lock()) self->create(name, id);
    };
    entry.waited += pause;
    entry.repeated = true;
    if (common_->names->after(pause, again)) return;
  }
  look_for(name, entry.id, first_look);
  later.answer(entry.done, Kind::unavailable);
  strike(entry.holder, name);
  settle(names, at, later);
}

// Whatever the other node says, the store knows who comes next.
void Names::ask_to_yield(const std::string& name, ClaimId id, const Claim& holder) {
  common_->bus->request(
      holder.node, encode(Request{YieldName{{pool_, name}, holder.id}}),
      [weak = weak_from_this(), name, id](const std::optional<std::string>& answer) {
        const auto self = weak.lock();
        if (!self) return;
        if (answer && decode_answer(*answer) == NamePosted::queued) return self->create(name, id);
        const auto again = [weak, name, id] {
          if (const auto still = weak.lock()) still->create(name, id);
        };
        if (!self->common_->names->after(first_pause, again)) again();
      });
}

void Names::remove(const std::string& name, Revision revision) {
  common_->names->remove({pool_, name}, revision,
                         [weak = weak_from_this(), name, revision](Removed answer) {
                           if (const auto self = weak.lock()) self->removed(name, revision, answer);
                         });
}

// As long as nobody knows whether the record is gone, the name can't be claimed here.
void Names::removed(const std::string& name, Revision revision, Removed answer) {
  Deferred later;
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.names.find(name);
  if (at == shard.names.end()) return;
  Entry& entry = *at->second;
  if (entry.state != Entry::State::releasing || entry.revision != revision) return;
  if (answer != Removed::unavailable || common_->stopped()) {
    if (entry.repeated) look_for(name, entry.id, first_look);
    return settle(shard.names, at, later);
  }
  const auto pause = pause_after(entry.waited, longest_removal_pause);
  entry.waited += pause;
  if (entry.waited >= common_->limits.claim_time) {
    for (Waiting& claim : entry.waiting) later.answer(claim.done, Kind::unavailable);
    entry.waiting.clear();
  }
  const auto again = [weak = weak_from_this(), name, revision] {
    if (const auto self = weak.lock()) self->remove(name, revision);
  };
  if (!common_->names->after(pause, again)) settle(shard.names, at, later);
}

// Removes a record that no entry of this table stands for.
void Names::forget(const std::string& name, Revision revision, int attempts) {
  common_->names->remove(
      {pool_, name}, revision, [weak = weak_from_this(), name, revision, attempts](Removed answer) {
        const auto self = weak.lock();
        if (!self || answer != Removed::unavailable || attempts <= 1) return;
        (void)self->common_->names->after(longest_claim_pause, [weak, name, revision, attempts] {
          if (const auto still = weak.lock()) still->forget(name, revision, attempts - 1);
        });
      });
}

void Names::look_for(const std::string& name, ClaimId id, milliseconds delay) {
  (void)common_->names->after(delay, [weak = weak_from_this(), name, id, delay] {
    const auto self = weak.lock();
    if (!self) return;
    self->common_->names->read({self->pool_, name}, [weak, name, id, delay](const Found& answer) {
      if (const auto still = weak.lock()) still->found_again(name, id, delay, answer);
    });
  });
}

void Names::found_again(const std::string& name, ClaimId id, milliseconds delay,
                        const Found& answer) {
  if (answer.kind == Found::Kind::held && answer.holder.id == id &&
      answer.holder.node == common_->names->node())
    return forget(name, answer.revision, most_attempts_to_forget);
  if (delay < last_look) look_for(name, id, 2 * delay);
}

}  // namespace orrery::registry
