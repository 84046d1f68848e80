// What the Book knows when nothing moves any more, and when nobody is left.
#include <algorithm>

#include "book.h"

namespace orrery::simulation {

bool Book::anybody_busy() const {
  return std::ranges::any_of(records_, [](const auto& each) {
    return each.second.lives() && (each.second.suspended || each.second.paused);
  });
}

std::size_t Book::handlers(PoolNumber pool) const {
  std::size_t sum = 0;
  for (const auto& [number, record] : records_)
    if (record.pool == pool) sum += static_cast<std::size_t>(record.handlers);
  return sum;
}

// A client that waits for its answer, or is dismissed, may have a place without a handler.
bool Book::is_empty(PoolNumber pool) const {
  return std::ranges::none_of(records_, [pool](const auto& each) {
    const Record& record = each.second;
    if (record.pool != pool) return false;
    const bool waits = record.status == 0 || (record.status == 101 && !record.opened);
    return record.handlers > 0 || record.admissions > 0 || (waits && !record.client_gone);
  });
}

std::set<std::string> Book::names_held(PoolNumber pool) const {
  std::set<std::string> held;
  for (const auto& [number, record] : records_)
    if (record.lives() && record.pool == pool)
      held.insert(record.names.begin(), record.names.end());
  return held;
}

void Book::check_rest(Time now, milliseconds idle) {
  std::map<std::string, Number> holders;
  for (auto& [number, record] : records_) {
    if (record.admissions != 0) lines.fault("the admission of client {} never ends", number);
    if (record.broken && record.lives())
      lines.fault("session {} lives on, but its connection is broken", number);
    const bool reads = !record.client_told && !record.client_gone && !record.client_stalls;
    if (record.evicted && record.lives() && reads)
      lines.fault("session {} was never told that its pool is closed", number);
    if (!record.stays() || record.suspended) continue;
    check_idle(record, now, idle);
    check_heard(record);
    check_view(record);
    check_names(record, holders);
  }
}

// Whatever was on its way to it, or to its client, has come.
void Book::check_heard(const Record& record) {
  const Number number = record.number;
  for (const Owed& owed : record.owed)
    lines.fault("session {} never hears {}.{}", number, owed.id.source, owed.id.number);
  const bool lossy = record.kind == Kind::lossy;
  const std::uint64_t known = lossy ? record.rate.heard + record.rate.lost : record.understood;
  if (!record.paused && known != record.said)
    lines.fault("session {} knows of {} messages of its client, which said {}", number, known,
                record.said);
  if (record.kind != Kind::tight && record.echo_heard != record.echoed)
    lines.fault("client {} never hears e{}.{}", number, number, record.echo_heard + 1);
  if (!record.first.empty()) lines.fault("session {} never hears {}", number, record.first.front());
}

void Book::check_names(const Record& record, std::map<std::string, Number>& holders) {
  for (const std::string& name : record.losing)
    lines.fault("session {} is never told that it has lost {}", record.number, name);
  for (const std::string& name : record.names) {
    const auto [other, fresh] =
        holders.emplace(name + "@" + std::to_string(record.pool), record.number);
    if (!fresh && record.knows(name) && this->record(other->second).knows(name))
      lines.fault("sessions {} and {} both hold {}", other->second, record.number, name);
  }
}

// websocket.md §3: the close frame goes out within a second of the deadline.
void Book::check_idle(const Record& record, Time now, milliseconds idle) {
  if (record.read_always && now > record.last_said + idle + milliseconds{1000})
    lines.fault("session {} is open, {} ms after its client last said something", record.number,
                (now - record.last_said).count());
}

// What it sees of the groups that it tracks is what there is, unless its mailbox was full.
void Book::check_view(const Record& record) {
  if (record.kind == Kind::tight) return;
  for (const auto& [group, seen] : record.sees) {
    std::set<Number> members;
    for (const auto& [number, other] : records_)
      if (number != record.number && other.pool == record.pool && other.lives() &&
          other.groups.contains(group))
        members.insert(number);
    for (const Number number : members)
      if (!seen.contains(number) && acts_at_once(this->record(number).kind))
        lines.fault("session {} does not see {} in {}", record.number, number, group);
    for (const Number number : seen)
      if (!members.contains(number))
        lines.fault("session {} still sees {} in {}", record.number, number, group);
  }
}

void Book::check_patience(milliseconds allowed) {
  for (const auto& [number, record] : records_)
    if (record.admissions > 0 &&
        clock_.now() > record.admission_began + allowed + milliseconds{1000})
      lines.fault("the admission of client {} takes {} ms", number,
                  (clock_.now() - record.admission_began).count());
}

void Book::check_end() {
  for (const auto& [number, record] : records_) {
    if (record.opened && !record.closed) lines.fault("session {}: no on_close", number);
    if (record.handlers != 0) lines.fault("session {}: its handler is left", number);
    if (record.suspended) lines.fault("session {}: its coroutine is left", number);
    if (record.admissions != 0) lines.fault("client {}: its admission is left", number);
  }
}

}  // namespace orrery::simulation
