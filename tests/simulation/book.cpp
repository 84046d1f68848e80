#include "book.h"

#include <algorithm>
#include <charconv>

namespace orrery::simulation {

namespace {

std::string source_of(Number session) {
  return "s" + std::to_string(session);
}

// Whether it is known at once, and not only when a worker's callback has returned, what it is in.
bool acts_at_once(const Record& record) {
  return record.kind != Kind::worker;
}

// Whoever has a small mailbox may lose what is published to it.
bool loses_nothing(const Record& record) {
  return record.kind != Kind::tight;
}

// Whether its handler, and not its client, hears what is sent to it.
bool hears_all(const Record& record) {
  return record.kind != Kind::quiet;
}

// Whether what it believes about a name is true.
bool knows(const Record& record, const std::string& name) {
  return !record.losing.contains(name) && !record.doubtful.contains(name) && !replaces(record.kind);
}

bool follows(const Owed& owed, const std::string& group) {
  return !owed.group.empty() && owed.group == group;
}

}  // namespace

Id id_of(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return {};
  Id id{std::string(text.substr(0, dot)), 0};
  std::from_chars(text.data() + dot + 1, text.data() + text.size(), id.number);
  return id;
}

Record& Book::begin(Number number, Kind kind) {
  Record& record = records_[number];
  record.number = number;
  record.kind = kind;
  record.read_always = kind == Kind::plain || kind == Kind::quiet || kind == Kind::tight;
  return record;
}

Script Book::asked_by(std::string_view id) const {
  const auto found = scripts_.find(std::string(id));
  return found == scripts_.end() ? Script{} : found->second;
}

std::string Book::next_id(const std::string& source) {
  return source + "." + std::to_string(++numbers_[source]);
}

// Handlers.

void Book::made(Number number) {
  ++record(number).handlers;
}

void Book::unmade(Number number) {
  Record& of = record(number);
  if (--of.handlers < 0) lines.fault("the handler of session {} went twice", number);
  if (of.opened && !of.closed)
    lines.fault("the handler of session {} went without on_close", number);
}

void Book::enters(Record& record, const char* callback) {
  const std::string_view name = callback;
  const Number who = record.number;
  const bool ends = name == "on_close";
  if (!record.opened && name != "on_open") lines.fault("session {}: {} before on_open", who, name);
  if (record.closed) lines.fault("session {}: {} after on_close", who, name);
  if (record.in_callback) lines.fault("session {}: {} inside another callback", who, name);
  if (record.suspended) lines.fault("session {}: {} while a coroutine is suspended", who, name);
  if (record.said_close && !ends) lines.fault("session {}: {} after close()", who, name);
  if (record.client_told && !ends && record.kind != Kind::worker)
    lines.fault("session {}: {} after the close frame", who, name);
  for (const std::string& group : std::exchange(record.leaving, {})) left(record, group);
  record.in_callback = true;
}

void Book::leaves(Record& record) {
  record.in_callback = false;
}

void Book::opens(Record& record, Address address) {
  lines.note("    session {} opens ({})", record.number, name_of(record.kind));
  record.opened = true;
  record.opening = true;
  record.address = std::move(address);
}

void Book::hears_client(Record& record, std::string_view text) {
  lines.note("    session {} hears its client: {}", record.number, text);
  const Id id = id_of(text);
  if (id.source != "c" + std::to_string(record.number))
    return lines.fault("session {} hears {}, which another's client said", record.number, text);
  if (id.number != record.understood + 1)
    lines.fault("session {} hears {} after {}", record.number, id.number, record.understood);
  record.understood = id.number;
  if (!record.first.empty() || !record.early.empty())
    lines.fault("session {} hears its client before {}, which it posted itself in on_open",
                record.number, record.first.empty() ? *record.early.begin() : record.first.front());
}

void Book::hears_server(Record& record, std::string_view text, std::string_view group) {
  lines.note("    session {} hears {} {}", record.number, text, group);
  const Id id = id_of(text);
  const std::string number = std::to_string(record.number);
  const bool of_its_own = id.source == "s" + number || id.source == "d" + number;
  if (!record.first.empty() && !of_its_own)
    lines.fault("session {} hears {} before {}, which it posted itself in on_open", record.number,
                text, record.first.front());
  if (!group.empty() && !record.groups.contains(std::string(group)))
    lines.fault("session {} hears {} of {}, where it is no member", record.number, text, group);
  hears(record, id, text, group);
  std::erase(record.first, text);
  record.early.erase(std::string(text));
}

// A server message has reached the handler, or the client.
void Book::hears(Record& record, const Id& id, std::string_view text, std::string_view group) {
  const auto published = published_.find(std::string(text));
  if (published != published_.end()) {
    if (!group.empty() && published->second.group != group)
      lines.fault("session {} hears {} of {}", record.number, text, group);
    if (published->second.except == record.number)
      lines.fault("session {} hears {}, which is for the others", record.number, text);
  }
  const auto owed = std::ranges::find_if(record.owed, [&](const Owed& each) {
    return each.id.source == id.source && each.id.number == id.number;
  });
  if (owed == record.owed.end() && published == published_.end() && !record.closed)
    lines.fault("session {} hears {}, which nobody owes it", record.number, text);
  if (owed != record.owed.end()) record.owed.erase(owed);
  check_order(record, id, text);
}

void Book::check_order(Record& record, const Id& id, std::string_view text) {
  if (id.source.starts_with('t')) return;
  std::uint64_t& last = record.heard[id.source];
  if (id.number <= last)
    lines.fault("session {} hears {} after {}.{}", record.number, text, id.source, last);
  last = id.number;
  for (const Owed& owed : record.owed)
    if (owed.id.source == id.source && owed.id.number < id.number)
      lines.fault("session {} hears {} before {}.{}", record.number, text, owed.id.source,
                  owed.id.number);
}

void Book::sees(Record& record, const Presence& presence) {
  const Number who = std::stoi(std::string(presence.metadata));
  const bool joined = presence.kind == Presence::Kind::joined;
  lines.note("    session {} sees {} {} {}", record.number, who, joined ? "join" : "leave",
             presence.group);
  auto& seen = record.sees[std::string(presence.group)];
  const bool news = joined ? seen.insert(who).second : seen.erase(who) == 1;
  if (!news)
    lines.fault("session {} sees {} {} {} twice", record.number, who, joined ? "join" : "leave",
                presence.group);
}

void Book::named(Record& record, const std::string& name, const NameAnswer& answer) {
  lines.note("    session {} is told of {}: {}", record.number, name,
             answer ? "registered" : "not registered");
  if (--record.asked[name] < 0)
    lines.fault("session {} has two answers for {}", record.number, name);
  if (!answer || record.doubtful.contains(name)) return;
  record.names.insert(name);
  for (auto& [number, other] : records_) {
    if (number == record.number || !other.lives()) continue;
    const bool holds = other.names.contains(name) && other.address.alive();
    if (replaces(record.kind)) {
      if (holds) other.losing.insert(name);
      if (other.asked[name] > 0) other.doubtful.insert(name);
    } else if (holds && knows(other, name)) {
      lines.fault("sessions {} and {} both hold {}", number, record.number, name);
    }
  }
}

void Book::loses_name(Record& record, std::string_view name) {
  lines.note("    session {} loses {}", record.number, name);
  record.losing.erase(std::string(name));
  if (record.names.erase(std::string(name)) == 0 && !record.doubtful.contains(std::string(name)))
    lines.fault("session {} loses {}, which it does not hold", record.number, name);
}

void Book::closes(Record& record, const CloseCause& cause) {
  lines.note("    session {} is closed: {} {} {}", record.number, orrery::name_of(cause.kind),
             cause.code, cause.reason);
  if (!record.opened) lines.fault("session {}: on_close without on_open", record.number);
  if (record.closed) lines.fault("session {}: on_close twice", record.number);
  if (record.cause && cause.kind != *record.cause && record.kind != Kind::worker)
    lines.fault("session {} is closed for {} and not for {}", record.number,
                orrery::name_of(cause.kind), orrery::name_of(*record.cause));
  record.closed = true;
  record.paused = false;
  record.owed.clear();
  record.first.clear();
  record.early.clear();
  record.groups.clear();
  record.leaving.clear();
  record.names.clear();
  record.losing.clear();
  record.sees.clear();
}

// What they do.

void Book::sent(const std::string& id, Record& to, Posted answer) {
  switch (answer) {
    case Posted::queued:
      if (to.closed) lines.fault("{} is queued for session {}, which has ended", id, to.number);
      to.owed.push_back({id_of(id), {}});
      return;
    case Posted::full:
      if (to.kind != Kind::tight) lines.fault("{}: session {} is full", id, to.number);
      return;
    case Posted::gone:
      if (to.lives() && !to.ended && to.kind != Kind::worker)
        lines.fault("{}: session {} is said to be gone", id, to.number);
      return;
  }
}

void Book::published(const std::string& id, const std::string& group, Number except,
                     bool in_effect) {
  published_[id] = {group, except};
  if (!in_effect) return;
  for (auto& [number, member] : records_) {
    if (number == except || !member.lives() || !member.groups.contains(group)) continue;
    if (acts_at_once(member) && loses_nothing(member)) member.owed.push_back({id_of(id), group});
    const bool its_own = member.opening && id_of(id).source == source_of(number);
    if (its_own && hears_all(member)) member.early.insert(id);
  }
}

void Book::joined(Record& record, const std::string& group) {
  record.groups.insert(group);
  record.leaving.erase(group);
}

void Book::left(Record& record, const std::string& group) {
  record.groups.erase(group);
  std::erase_if(record.owed, [&](const Owed& owed) {
    if (!follows(owed, group)) return false;
    record.early.erase(owed.id.source + "." + std::to_string(owed.id.number));
    return true;
  });
}

void Book::released(Record& record, const std::string& name, NameReleased answer) {
  if (record.names.erase(name) == 1 && answer == NameReleased::not_held)
    lines.note("    session {} had lost {} and does not know it yet", record.number, name);
  if (record.asked[name] > 0 || answer == NameReleased::not_held) record.doubtful.insert(name);
}

void Book::sent_to_name(const std::string& id, const std::string& name, NamePosted answer) {
  if (answer != NamePosted::queued) return;
  std::vector<Record*> holders;
  for (auto& [number, record] : records_)
    if (record.lives() &&
        (record.names.contains(name) || record.asked[name] > 0 || record.doubtful.contains(name)))
      holders.push_back(&record);
  if (holders.empty()) return lines.fault("{} is queued for {}, which nobody holds", id, name);
  if (holders.size() == 1)
    holders.front()->owed.push_back({id_of(id), {}});
  else
    published_[id] = {{}, 0};  // for one of them: the server knows which
}

void Book::asks_to_close(Record& record, CloseCause::Kind cause) {
  if (!record.said_close) record.cause = cause;
  record.said_close = true;
}

// Clients.

void Book::client_hears(Record& record, std::string_view text) {
  lines.note("    client {} hears {}", record.number, text);
  const Id id = id_of(text);
  if (record.client_told)
    return lines.fault("client {} hears {} after the close frame", record.number, text);
  if (id.source.starts_with('e')) {
    const bool in_order = record.kind == Kind::tight ? id.number > record.echo_heard
                                                     : id.number == record.echo_heard + 1;
    if (!in_order)
      lines.fault("client {} hears {} after {}", record.number, text, record.echo_heard);
    record.echo_heard = id.number;
    return;
  }
  if (record.kind != Kind::quiet)
    return lines.fault("client {} hears {}, which is for the handler", record.number, text);
  hears(record, id, text, {});
  std::erase(record.first, text);
  record.early.erase(std::string(text));
}

void Book::client_told(Record& record, std::uint16_t code, std::string_view reason) {
  lines.note("    client {} is told to go: {} {}", record.number, code, reason);
  if (record.client_told) lines.fault("client {} is told to go twice", record.number);
  record.client_told = true;
  record.code = code;
  record.reason = reason;
}

// Rest.

bool Book::anybody_busy() const {
  return std::ranges::any_of(records_, [](const auto& each) {
    return each.second.lives() && (each.second.suspended || each.second.paused);
  });
}

std::size_t Book::handlers() const {
  std::size_t sum = 0;
  for (const auto& [number, record] : records_) sum += static_cast<std::size_t>(record.handlers);
  return sum;
}

std::set<std::string> Book::names_held() const {
  std::set<std::string> held;
  for (const auto& [number, record] : records_)
    if (record.lives()) held.insert(record.names.begin(), record.names.end());
  return held;
}

void Book::check_rest(Time now, milliseconds idle) {
  std::map<std::string, Number> holders;
  for (auto& [number, record] : records_) {
    if (!record.stays() || record.suspended) continue;
    check_idle(record, now, idle);
    for (const Owed& owed : record.owed)
      lines.fault("session {} never hears {}.{}", number, owed.id.source, owed.id.number);
    if (!record.paused && record.understood != record.said)
      lines.fault("session {} never hears what its client said after {}", number,
                  record.understood);
    if (record.kind != Kind::tight && record.echo_heard != record.echoed)
      lines.fault("client {} never hears e{}.{}", number, number, record.echo_heard + 1);
    if (!record.first.empty())
      lines.fault("session {} never hears {}", number, record.first.front());
    check_view(record);
    for (const std::string& name : record.losing)
      lines.fault("session {} is never told that it has lost {}", number, name);
    for (const std::string& name : record.names)
      if (const auto [other, fresh] = holders.emplace(name, number);
          !fresh && knows(record, name) && knows(this->record(other->second), name))
        lines.fault("sessions {} and {} both hold {}", other->second, number, name);
  }
}

// websocket.md §3: the close frame goes out within a second of the deadline.
void Book::check_idle(const Record& record, Time now, milliseconds idle) {
  if (record.read_always && now > record.last_said + idle + milliseconds{1000})
    lines.fault("session {} is open, {} ms after its client last said something", record.number,
                (now - record.last_said).count());
}

// What it sees of the groups that it tracks is what there is.
void Book::check_view(Record& record) {
  for (const auto& [group, seen] : record.sees) {
    std::set<Number> members;
    for (const auto& [number, other] : records_)
      if (number != record.number && other.lives() && other.groups.contains(group))
        members.insert(number);
    for (const Number number : members)
      if (!seen.contains(number) && acts_at_once(this->record(number)))
        lines.fault("session {} does not see {} in {}", record.number, number, group);
    for (const Number number : seen)
      if (!members.contains(number))
        lines.fault("session {} still sees {} in {}", record.number, number, group);
  }
}

void Book::check_end() {
  for (const auto& [number, record] : records_) {
    if (record.opened && !record.closed) lines.fault("session {}: no on_close", number);
    if (record.handlers != 0) lines.fault("session {}: its handler is left", number);
    if (record.suspended) lines.fault("session {}: its coroutine is left", number);
  }
}

}  // namespace orrery::simulation
