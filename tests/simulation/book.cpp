#include "book.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "wording.h"

namespace orrery::simulation {

namespace {

std::string source_of(Number session) {
  return "s" + std::to_string(session);
}

// Whoever has a small mailbox may lose what is sent to it.
bool loses_nothing(const Record& record) {
  return record.kind != Kind::tight;
}

// Whether its handler, and not its client, hears what is sent to it.
bool hears_all(const Record& record) {
  return record.kind != Kind::quiet;
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

Record& Book::begin(Number number, Kind kind, PoolNumber pool) {
  Record& record = records_[number];
  record.number = number;
  record.kind = kind;
  record.pool = pool;
  record.read_always = kind == Kind::plain || kind == Kind::quiet || kind == Kind::tight;
  record.answers = {503, 408};
  if (is_closed(pool)) record.answers.insert(404);
  return record;
}

Script Book::asked_by(std::string_view text) const {
  const auto found = scripts_.find(std::string(id_in(text)));
  return found == scripts_.end() ? Script{} : found->second;
}

std::string Book::next_id(const std::string& source) {
  return source + "." + std::to_string(++numbers_[source]);
}

std::string_view Book::read(const Record& record, std::string_view text) {
  if (!is_whole(text))
    lines.fault("session {} or its client hears {}, but {} bytes that nobody wrote", record.number,
                id_in(text), text.size());
  return id_in(text);
}

// Admissions that wait.

void Book::asks(Record& record) {
  lines.note("    the admission of client {} begins", record.number);
  ++record.admissions;
  record.admission_began = clock_.now();
}

void Book::asks_on(const Record& record) {
  lines.note("    the admission of client {} goes on", record.number);
  if (record.status != 0)
    lines.fault("the admission of client {} goes on after the answer {}", record.number,
                record.status);
}

// Handlers.

void Book::made(Number number) {
  Record& of = record(number);
  if (++of.handlers > 1) lines.fault("session {} has two handlers", number);
  if (of.status != 0)
    lines.fault("session {} gets a handler after the answer {}", number, of.status);
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
  if (acts_at_once(record.kind) && is_closed(record.pool))
    lines.fault("session {} opens in a pool that is closed", record.number);
  record.opened = true;
  record.opening = true;
  record.last_said = clock_.now();
  record.address = std::move(address);
}

void Book::hears_client(Record& record, std::string_view text) {
  text = read(record, text);
  lines.note("    session {} hears its client: {}", record.number, text);
  const Id id = id_of(text);
  if (id.source != "c" + std::to_string(record.number))
    return lines.fault("session {} hears {}, which another's client said", record.number, text);
  const std::uint32_t most = rate_of(record.kind);
  const bool second_was_full = most > 0 && record.rate.in_second == most;
  record.rate.hear(clock_.now());
  record.last_said = clock_.now();
  if (most > 0 && record.rate.in_second > most)
    lines.fault("session {} hears {} messages in a second", record.number, record.rate.in_second);
  const bool may_miss = record.kind == Kind::lossy && second_was_full;
  if (may_miss ? id.number <= record.understood : id.number != record.understood + 1)
    lines.fault("session {} hears {} after {}", record.number, id.number, record.understood);
  record.understood = id.number;
  if (!record.first.empty() || !record.early.empty())
    lines.fault("session {} hears its client before {}, which it posted itself in on_open",
                record.number, record.first.empty() ? *record.early.begin() : record.first.front());
}

void Book::hears_server(Record& record, const ServerMessage& message) {
  const std::string_view text = read(record, message.text());
  const std::string group(message.group());
  lines.note("    session {} hears {} {}", record.number, text, group);
  const Id id = id_of(text);
  const std::string number = std::to_string(record.number);
  const bool of_its_own = id.source == "s" + number || id.source == "d" + number;
  if (!of_its_own) comes_after_its_own(record, text);
  if (!group.empty() && !record.groups.contains(group))
    lines.fault("session {} hears {} of {}, where it is no member", record.number, text, group);
  using Turn = Histories::Turn;
  const bool first = record.early.contains(std::string(text));
  histories.heard(record.number, record.standing, record.pool, group, std::string(text),
                  message.position(), first ? Turn::first : Turn::by_number);
  hears(record, id, text, group);
  std::erase(record.first, text);
  record.early.erase(std::string(text));
}

// websocket.md §2: what it posted itself in on_open comes before all that others say.
void Book::comes_after_its_own(const Record& record, std::string_view what) {
  if (!record.first.empty())
    lines.fault("session {} hears {} before {}, which it posted itself in on_open", record.number,
                what, record.first.front());
}

// A server message has reached the handler, or the client.
void Book::hears(Record& record, const Id& id, std::string_view text, std::string_view group) {
  const auto published = published_.find(std::string(text));
  if (published != published_.end()) {
    if (!group.empty() && published->second.group != group)
      lines.fault("session {} hears {} of {}", record.number, text, group);
    if (published->second.pool != record.pool && !published->second.group.empty())
      lines.fault("session {} hears {}, of another pool", record.number, text);
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
  if (!news && loses_nothing(record))
    lines.fault("session {} sees {} {} {} twice", record.number, who, joined ? "join" : "leave",
                presence.group);
}

void Book::named(Record& record, const std::string& name, const NameAnswer& answer) {
  lines.note("    session {} is told of {}: {}", record.number, name,
             answer ? "registered" : "not registered");
  if (--record.asked[name] < 0)
    lines.fault("session {} has two answers for {}", record.number, name);
  if (!answer) return;
  const bool doubtful = record.doubtful.contains(name);
  if (doubtful && !replaces(record.kind)) return;
  if (!doubtful) record.names.insert(name);
  record.losing.erase(name);  // a loss from before need not be told any more
  for (auto& [number, other] : records_) {
    if (number == record.number || !other.lives() || other.pool != record.pool) continue;
    const bool holds = other.names.contains(name) && other.address.alive();
    if (replaces(record.kind)) {
      if (holds && !doubtful) other.losing.insert(name);
      if (other.asked[name] > 0 || doubtful) other.doubtful.insert(name);
    } else if (holds && other.knows(name)) {
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

// It ends before the answer: if it had taken the name from somebody, nobody sees that but the
// loser.
void Book::claims_are_left(const Record& record) {
  if (!replaces(record.kind)) return;
  for (const auto& [name, answers] : record.asked) {
    if (answers == 0) continue;
    for (auto& [number, other] : records_) {
      if (number == record.number || !other.lives() || other.pool != record.pool) continue;
      if (other.names.contains(name) || other.asked[name] > 0) other.doubtful.insert(name);
    }
  }
}

void Book::dropped(Record& record, const Dropped& dropped) {
  lines.note("    session {} has lost {}: {}", record.number, dropped.messages,
             orrery::name_of(dropped.cause));
  if (dropped.cause != DropCause::rate_limited) return;
  if (record.kind != Kind::lossy)
    lines.fault("session {} has lost {} messages of its client", record.number, dropped.messages);
  record.rate.lost += dropped.messages;
}

void Book::closes(Record& record, const CloseCause& cause) {
  lines.note("    session {} is closed: {} {} {} {}", record.number, orrery::name_of(cause.kind),
             cause.code, cause.reason, cause.error);
  check_cause(record, cause);
  claims_are_left(record);
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

// Whether that can be why.
void Book::check_cause(const Record& record, const CloseCause& cause) {
  using Kinds = CloseCause::Kind;
  const Number who = record.number;
  if (!record.opened) lines.fault("session {}: on_close without on_open", who);
  if (record.closed) lines.fault("session {}: on_close twice", who);
  if (record.cause && cause.kind != *record.cause && record.kind != Kind::worker)
    lines.fault("session {} is closed for {} and not for {}", who, orrery::name_of(cause.kind),
                orrery::name_of(*record.cause));
  if (cause.kind == Kinds::pool_closed && !record.shut)
    lines.fault("session {} is closed for its pool, which is open", who);
  if (cause.kind == Kinds::rate_limited) {
    const bool full = record.kind == Kind::hasty && record.rate.in_second == rate_of(record.kind);
    if (!full)
      lines.fault("session {} is closed for its rate, with {} messages in a second", who,
                  record.rate.in_second);
  }
  if (cause.kind != Kinds::transport) return;
  if (cause.error == 0 && !record.client_gone)
    lines.fault("session {} is closed without an errno, and its client is there", who);
  const bool known = cause.error == 0 || cause.error == ECONNRESET || cause.error == EPIPE;
  if (!known && cause.error != record.breaks_with)
    lines.fault("session {} is closed for errno {}, not {}", who, cause.error, record.breaks_with);
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

void Book::may_come(const std::string& id, PoolNumber pool, const std::string& group) {
  published_[id] = {pool, group, 0};
}

void Book::published(const std::string& id, PoolNumber pool, const std::string& group,
                     Number except) {
  published_[id] = {pool, group, except};
  histories.published(pool, group, id, clock_.now());
  for (auto& [number, member] : records_) {
    if (number == except || member.pool != pool) continue;
    if (!member.lives() || !member.groups.contains(group)) continue;
    if (acts_at_once(member.kind) && loses_nothing(member))
      member.owed.push_back({id_of(id), group});
    const bool its_own = member.opening && id_of(id).source == source_of(number);
    if (its_own && hears_all(member)) member.early.insert(id);
  }
}

// What has a number is in the answer, or never comes: after a gap nothing has to come that was said
// before.
void Book::joined(Record& record, const std::string& group, const Position& since,
                  const Recovery& recovery) {
  const bool gap = recovery.kind == Recovery::Kind::gap;
  lines.note("    session {} is in {} since {}: {} up to {}, {} messages", record.number, group,
             since.offset, gap ? "gap" : "complete", recovery.now.offset, recovery.missed.size());
  histories.recovered(record.number, record.standing, record.pool, group, since, recovery,
                      clock_.now());
  std::erase_if(record.owed, [&](const Owed& owed) {
    const std::string id = owed.id.source + "." + std::to_string(owed.id.number);
    return follows(owed, group) && (gap || histories.numbered(id));
  });
  std::erase_if(record.early, [&](const std::string& id) {
    return published_.at(id).group == group && (gap || histories.numbered(id));
  });
  joined(record, group);
}

void Book::joined(Record& record, const std::string& group) {
  record.groups.insert(group);
  record.leaving.erase(group);
}

void Book::left(Record& record, const std::string& group) {
  record.groups.erase(group);
  std::erase_if(record.owed, [&](const Owed& owed) { return follows(owed, group); });
  std::erase_if(record.early,
                [&](const std::string& id) { return published_.at(id).group == group; });
}

void Book::released(Record& record, const std::string& name, NameReleased answer) {
  if (record.names.erase(name) == 1 && answer == NameReleased::not_held)
    lines.note("    session {} had lost {} and does not know it yet", record.number, name);
  if (record.asked[name] > 0 || answer == NameReleased::not_held) record.doubtful.insert(name);
}

void Book::sent_to_name(const std::string& id, PoolNumber pool, const std::string& name,
                        NamePosted answer) {
  if (answer != NamePosted::queued) return;
  std::vector<Record*> holders;
  for (auto& [number, record] : records_)
    if (record.lives() && record.pool == pool &&
        (record.names.contains(name) || record.asked[name] > 0 || record.doubtful.contains(name)))
      holders.push_back(&record);
  if (holders.empty()) return lines.fault("{} is queued for {}, which nobody holds", id, name);
  if (holders.size() == 1)
    holders.front()->owed.push_back({id_of(id), {}});
  else
    published_[id] = {pool, {}, 0};  // for one of them: the server knows which
}

void Book::asks_to_close(Record& record, CloseCause::Kind cause) {
  if (!record.said_close) record.cause = cause;
  record.said_close = true;
}

// Pools.

void Book::closes_pool(PoolNumber pool) {
  closed_pools_.insert(pool);
  for (auto& [number, record] : records_) {
    if (record.pool != pool) continue;
    if (record.status == 0) record.answers.insert(404);
    record.evicted |= record.lives();
    record.shut |= record.lives() || !acts_at_once(record.kind);
  }
}

// Clients.

void Book::client_answered(Record& record, int status) {
  lines.note("    client {} is answered {}", record.number, status);
  record.status = status;
  if (!record.answers.contains(status))
    lines.fault("client {} is answered {}", record.number, status);
  if (record.opened && status != 101)
    lines.fault("client {} is answered {} and has a session", record.number, status);
}

// Whom the admission has heard of must be told what came of it.
void Book::client_unanswered(const Record& record) {
  if (record.admission_began != Time{})
    lines.fault("client {} never gets an answer", record.number);
}

void Book::client_hears(Record& record, std::string_view text) {
  text = read(record, text);
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

}  // namespace orrery::simulation
