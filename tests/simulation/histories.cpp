#include "histories.h"

#include <algorithm>

#include "wording.h"

namespace orrery::simulation {

std::string Histories::key_of(PoolNumber pool, const std::string& group) {
  return group + "@" + std::to_string(pool);
}

void Histories::keep(PoolNumber pool, const std::string& group, const History& bounds, Time now) {
  Log& log = logs_[key_of(pool, group)];
  if (bounds.messages == 0) {
    log.keeps = false;
    return;
  }
  if (!log.keeps) {
    log.epochs.emplace_back();
    log.times.clear();
  }
  trim(log, now);
  log.keeps = true;
  log.bounds = bounds;
  trim(log, now);
}

void Histories::trim(Log& log, Time now) {
  while (!log.times.empty() &&
         (log.times.size() > log.bounds.messages || now - log.times.front() > log.bounds.age))
    log.times.pop_front();
}

void Histories::published(PoolNumber pool, const std::string& group, const std::string& id,
                          Time now) {
  const auto found = logs_.find(key_of(pool, group));
  if (found == logs_.end() || !found->second.keeps) return;
  Log& log = found->second;
  Epoch& epoch = log.epochs.back();
  epoch.messages.push_back(id);
  log.times.push_back(now);
  trim(log, now);
  numbers_[id] = {log.epochs.size() - 1, epoch.messages.size()};
}

Position Histories::newest(const Log& log) {
  if (!log.keeps) return {};
  const Epoch& epoch = log.epochs.back();
  return {epoch.name.value_or(0), epoch.messages.size()};
}

// Whether an epoch has this name: from now on, if nobody has been told yet.
bool Histories::agrees(Log& log, std::size_t epoch, std::uint64_t name) {
  Epoch& of = log.epochs[epoch];
  if (of.name) return *of.name == name;
  const bool taken =
      std::ranges::any_of(log.epochs, [name](const Epoch& other) { return other.name == name; });
  if (taken || name == 0) return false;
  of.name = name;
  return true;
}

void Histories::heard(Number who, Standing& standing, PoolNumber pool, const std::string& group,
                      const std::string& id, const Position& position, Turn turn) {
  const auto place = numbers_.find(id);
  if (place == numbers_.end()) {
    if (position != Position{})
      lines_.fault("session {} hears {} with the number {}, but nothing is kept", who, id,
                   position.offset);
    return;
  }
  Log& log = logs_.at(key_of(pool, group));
  if (position.offset != place->second.offset || !agrees(log, place->second.epoch, position.epoch))
    return lines_.fault("session {} hears {} as number {} of epoch {}: it is number {}", who, id,
                        position.offset, position.epoch, place->second.offset);
  Position& last = standing.newest[group];
  if (last.epoch == position.epoch && last.offset >= position.offset)
    lines_.fault("session {} hears number {} of {} after number {}", who, position.offset, group,
                 last.offset);
  if (turn == Turn::first) return;  // those before it are still to come
  last = position;
  log.known.push_back(position);
}

void Histories::recovered(Number who, Standing& standing, PoolNumber pool, const std::string& group,
                          const Position& since, const Recovery& recovery, Time now) {
  Log& log = logs_[key_of(pool, group)];
  trim(log, now);
  const bool named = !log.keeps || agrees(log, log.epochs.size() - 1, recovery.now.epoch);
  if (!named || recovery.now != newest(log))
    return lines_.fault("session {} is told that {} stands at {} of epoch {}: it is at {}", who,
                        group, recovery.now.offset, recovery.now.epoch, newest(log).offset);
  const Position end = newest(log);
  const bool in_epoch = log.keeps && (since == Position{} || since.epoch == end.epoch);
  if (recovery.kind == Recovery::Kind::complete) {
    if (!in_epoch || since.offset > end.offset)
      return lines_.fault("session {} is told that it has all of {} since {} of epoch {}", who,
                          group, since.offset, since.epoch);
    check_whole(who, log, since, recovery);
  } else {
    const bool kept =
        in_epoch && since.offset <= end.offset && end.offset - since.offset <= log.times.size();
    if (kept)
      lines_.fault("session {} is told of a gap in {} since {}: {} are kept", who, group,
                   since.offset, log.times.size());
    if (!recovery.missed.empty())
      lines_.fault("session {} is told of a gap in {}, and of {} messages", who, group,
                   recovery.missed.size());
  }
  if (!log.keeps) return;
  standing.newest[group] = end;
  log.known.push_back(end);
}

// All that was published since, each once, in order.
void Histories::check_whole(Number who, Log& log, const Position& since, const Recovery& recovery) {
  const Position end = newest(log);
  if (recovery.missed.size() != end.offset - since.offset)
    return lines_.fault("session {} is told that {} messages since {} are complete up to {}", who,
                        recovery.missed.size(), since.offset, end.offset);
  std::uint64_t offset = since.offset;
  for (const PastMessage& past : recovery.missed) {
    const std::string& id = log.epochs.back().messages[offset++];
    if (past.position != Position{end.epoch, offset} || past.payload != wording_of(id))
      lines_.fault("session {} is told {} as number {}, where {} was number {}", who,
                   id_in(past.payload), past.position.offset, id, offset);
  }
}

Position Histories::position(const Standing& standing, PoolNumber pool, const std::string& group,
                             std::size_t which) const {
  if (which == 0) return {};
  const auto own = standing.newest.find(group);
  if (which == 1 && own != standing.newest.end()) return own->second;
  const auto found = logs_.find(key_of(pool, group));
  if (found == logs_.end() || found->second.known.empty()) return {};
  const auto& known = found->second.known;
  return known[known.size() - 1 - (which * 3) % known.size()];
}

std::size_t Histories::kept(PoolNumber pool) const {
  std::size_t sum = 0;
  for (int which = 0; which < groups; ++which) {
    const auto found = logs_.find(key_of(pool, group_name(which)));
    if (found != logs_.end() && found->second.keeps) ++sum;
  }
  return sum;
}

}  // namespace orrery::simulation
