// Names and other nodes: messages to a name that is held elsewhere, names that another node takes
// over, and the end of this node's lease.

#include <utility>

#include "registry/common.h"
#include "registry/names.h"
#include "registry/names_deferred.h"
#include "registry/request.h"

namespace orrery::registry {

using Kind = NameAnswer::Kind;

namespace {

NamePosted name_posted(Posted posted) {
  switch (posted) {
    case Posted::queued: return NamePosted::queued;
    case Posted::full: return NamePosted::full;
    case Posted::gone: break;
  }
  return NamePosted::no_such_name;
}

}  // namespace

NamePosted Names::send_here(std::string_view name, actor::TextLetter letter) {
  const auto holder = find(name);
  if (!holder) return NamePosted::no_such_name;
  return name_posted(actor::Mailbox::of(*holder)->post(std::move(letter)));
}

void Names::send(std::string_view name, actor::TextLetter letter, Delivered done) {
  const NamePosted here = send_here(name, letter);
  if (here != NamePosted::no_such_name) return done(here);
  if (common_->stopped() || common_->bus->alone()) return done(NamePosted::no_such_name);
  SendToName request{{pool_, std::string(name)}, letter.type, std::string(letter.payload.view())};
  auto forward = [common = common_, request = std::move(request),
                  done = std::move(done)](const Found& found) mutable {
    if (found.kind == Found::Kind::unavailable) return done(NamePosted::unavailable);
    if (found.kind == Found::Kind::absent || found.holder.node == common->names->node())
      return done(NamePosted::no_such_name);
    common->bus->request(
        found.holder.node, encode(Request{std::move(request)}),
        [done = std::move(done)](const std::optional<std::string>& answer) mutable {
          done(answer ? decode_answer(*answer) : NamePosted::unavailable);
        });
  };
  common_->names->read({pool_, std::string(name)}, std::move(forward));
}

NamePosted Names::send_now(std::string_view name, actor::TextLetter letter) {
  struct Waiter {
    std::mutex mutex{};
    NamePosted answer = NamePosted::unavailable;
  };
  const auto waiter = std::make_shared<Waiter>();
  send(name, std::move(letter), [waiter](NamePosted answer) {
    const std::lock_guard lock(waiter->mutex);
    waiter->answer = answer;
  });
  const std::lock_guard lock(waiter->mutex);
  return waiter->answer;
}

bool Names::yield(std::string_view name, ClaimId id) {
  Deferred later;
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.names.find(name);
  if (at == shard.names.end() || at->second->state != Entry::State::held) return false;
  Entry& entry = *at->second;
  if (entry.id != id) return false;
  take_from(entry.holder, at->first);
  give_back(entry, at->first, later);
  return true;
}

// Claims under way are answered by the store: their records are of a life that has ended, too.
void Names::lease_lost(std::uint64_t life) {
  for (Shard& shard : shards_) {
    Deferred later;
    const std::lock_guard lock(shard.mutex);
    std::vector<std::string> lost;
    for (const auto& [name, entry] : shard.names) {
      if (entry->state == Entry::State::claiming || entry->life > life) continue;
      if (entry->state == Entry::State::telling)
        entry->lost = true;
      else
        lost.push_back(name);
    }
    for (const std::string& name : lost) {
      const auto at = shard.names.find(name);
      if (at->second->state == Entry::State::held) take_from(at->second->holder, name);
      settle(shard.names, at, later);
    }
  }
}

void Names::stop() {
  for (Shard& shard : shards_) {
    Deferred later;
    const std::lock_guard lock(shard.mutex);
    for (auto& [name, entry] : shard.names) {
      later.answer(entry->done, Kind::unavailable);
      for (Waiting& claim : entry->waiting) later.answer(claim.done, Kind::unavailable);
    }
    shard.names.clear();
  }
  for (HolderShard& shard : holders_) {
    const std::lock_guard lock(shard.mutex);
    shard.names.clear();
  }
}

}  // namespace orrery::registry
