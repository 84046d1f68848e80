#include "acting.h"

#include <stdexcept>

#include "wording.h"

namespace orrery::simulation {

namespace {

using namespace std::chrono_literals;

constexpr milliseconds pause_time{200};

milliseconds time_of(const Act& act) {
  return milliseconds{1 + act.what * 7};
}

std::string source_of(const Record& record, char sort = 's') {
  return sort + std::to_string(record.number);
}

// Whether calls of this session have an effect still.
bool is_open(const Record& record) {
  return !record.said_close && !record.ended && !record.closed;
}

// What a session that is closed sends must not arrive.
std::string next_echo(Book& book, Record& record) {
  if (!is_open(record)) return "z.0";
  ++record.echoed;
  return wording_of(book.next_id(source_of(record, 'e')));
}

Record* reachable(Book& book, Number number) {
  const auto found = book.records().find(number);
  return found != book.records().end() && found->second.opened ? &found->second : nullptr;
}

void tell(Book& book, const std::string& id, Record& to) {
  book.lines.note("    {} goes to session {}", id, to.number);
  book.sent(id, to, to.address.send(wording_of(id)));
}

void shut(Record& to) {
  to.shut = true;
  to.address.close(4001, "shut");
}

void post(Book& book, Record& record, const std::string& id, const Address& self) {
  const Posted answer = self.send(wording_of(id));
  book.sent(id, record, answer);
  const bool comes_first = record.opening && record.kind != Kind::quiet;
  if (comes_first && answer == Posted::queued) record.first.push_back(id);
}

void post_after(Book& book, Record& record, Session& session, milliseconds time, Script then) {
  if (!is_open(record)) return;
  const std::string id = book.next_id(source_of(record, 't'));
  book.may_come(id, record.pool, {});
  book.ask(id, std::move(then));
  record.delays = true;
  session.post_after(time, wording_of(id));
}

void claim(Book& book, Record& record, Session& session, const std::string& name) {
  if (!is_open(record)) return;
  book.asks_for_name(record, name);
  session.register_name(name, [&book, &record, name](Session&, const NameAnswer& answer) {
    const InCallback in(book, record, "the answer to a claim");
    book.comes_after_its_own(record, "the answer for " + name);
    book.named(record, name, answer);
  });
}

void track(Record& record, Session& session, const std::string& group) {
  if (!is_open(record) || record.sees.contains(group)) return;
  auto& seen = record.sees[group];
  for (const Member& member : session.track(group))
    if (const Number who = std::stoi(member.metadata); who != record.number) seen.insert(who);
}

void publish(Book& book, Record& record, Session& session, const std::string& group, bool to_all) {
  const std::string id = book.next_id(source_of(record));
  book.lines.note("    session {} publishes {} to {}", record.number, id, group);
  book.published(id, record.pool, group, to_all ? 0 : record.number);
  if (to_all)
    session.publish(group, wording_of(id));
  else
    session.publish_to_others(group, wording_of(id));
}

// Where it was itself, or where somebody else was.
void join_since(Book& book, Record& record, Session& session, const Act& act) {
  const std::string group = group_name(act.what % groups);
  const auto which = static_cast<std::size_t>(act.what / groups);
  const Position since = book.histories.position(record.standing, record.pool, group, which);
  const bool counts = is_open(record);
  const Recovery recovery = session.join(group, since, std::to_string(record.number));
  if (counts) book.joined(record, group, since, recovery);
}

void close(Book& book, Record& record) {
  if (is_open(record)) book.asks_to_close(record, CloseCause::Kind::server);
}

[[noreturn]] void fail(Book& book, Record& record) {
  if (is_open(record)) book.asks_to_close(record, CloseCause::Kind::handler_error);
  throw std::runtime_error("as the script says");
}

void pause(Book& book, Record& record, Session& session) {
  const bool can_resume = record.kind == Kind::plain || rate_of(record.kind) > 0;
  if (!can_resume || record.paused || !is_open(record)) return;
  record.paused = true;
  record.read_always = false;
  session.pause_reading();
  post_after(book, record, session, pause_time, {{Verb::resume}});
}

void resume(Record& record, Session& session) {
  record.paused = false;
  session.resume_reading();
}

// Names and groups: what both sorts of session can do is told apart by the caller.
void perform_in_registry(Book& book, Record& record, Session& session, const Act& act) {
  const std::string group = group_name(act.what), name = unique_name(act.what);
  switch (act.verb) {
    case Verb::publish: return publish(book, record, session, group, true);
    case Verb::publish_to_others: return publish(book, record, session, group, false);
    case Verb::join:
      if (is_open(record)) book.joined(record, group);
      return session.join(group, std::to_string(record.number));
    case Verb::join_since: return join_since(book, record, session, act);
    case Verb::leave: book.left(record, group); return session.leave(group);
    case Verb::track: return track(record, session, group);
    case Verb::claim: return claim(book, record, session, name);
    case Verb::release: return book.released(record, name, session.unregister_name(name));
    case Verb::send_to_name: {
      const std::string id = book.next_id(source_of(record));
      return book.sent_to_name(id, record.pool, name,
                               session.sender().send_to_name(name, wording_of(id)));
    }
    default: return;
  }
}

void perform_one(Book& book, Record& record, Session& session, const Act& act) {
  book.lines.note("    session {}: {} {}", record.number, name_of(act.verb), act.what);
  Record* const other = reachable(book, act.what);
  switch (act.verb) {
    case Verb::echo: return session.send(next_echo(book, record));
    case Verb::tell:
      if (other) tell(book, book.next_id(source_of(record)), *other);
      return;
    case Verb::shut:
      if (other) shut(*other);
      return;
    case Verb::post: {
      const std::string id = book.next_id(source_of(record));
      return post(book, record, id, session.address());
    }
    case Verb::post_after: return post_after(book, record, session, time_of(act), {});
    case Verb::close: close(book, record); return session.close(4000, "enough");
    case Verb::fail: fail(book, record);
    case Verb::pause: return pause(book, record, session);
    case Verb::resume: return resume(record, session);
    default: return perform_in_registry(book, record, session, act);
  }
}

/// While it lives, a coroutine is suspended.
class Suspension {
 public:
  explicit Suspension(Record& record) : record_(record) {
    record_.suspended = true;
    record_.in_callback = false;
  }
  Suspension(const Suspension&) = delete;
  Suspension& operator=(const Suspension&) = delete;
  ~Suspension() {
    record_.suspended = false;
    record_.in_callback = true;
  }

 private:
  Record& record_;
};

}  // namespace

void perform(Book& book, Record& record, Session& session, const Script& script) {
  for (const Act& act : script) perform_one(book, record, session, act);
}

Task<> perform_all(Session& session, Book& book, Record& record, Script script) {
  for (const Act& act : script) {
    if (act.verb < Verb::rest) {
      perform_one(book, record, session, act);
      continue;
    }
    if (!is_open(record)) co_return;  // it would never go on
    book.lines.note("    session {}: {} ...", record.number, name_of(act.verb));
    if (act.verb == Verb::rest) {
      const Suspension suspension(record);
      co_await session.sleep_for(time_of(act));
    } else if (act.verb == Verb::work) {
      const Suspension suspension(record);
      co_await session.on_workers([] {});
    } else if (act.verb == Verb::flush) {
      const Suspension suspension(record);
      co_await session.drained();
    } else {
      const std::string name = unique_name(act.what);
      book.asks_for_name(record, name);
      NameAnswer answer{NameAnswer::Kind::unavailable};
      {
        const Suspension suspension(record);
        answer = co_await session.register_name(name);
      }
      book.named(record, name, answer);
    }
    book.lines.note("    session {}: {} is over", record.number, name_of(act.verb));
  }
}

namespace {

void perform_one(Book& book, Record& record, WorkerSession& session, const Act& act) {
  book.lines.note("    session {} on a worker: {} {}", record.number, name_of(act.verb), act.what);
  const std::string group = group_name(act.what);
  Record* const other = reachable(book, act.what);
  switch (act.verb) {
    case Verb::echo: return session.send(next_echo(book, record));
    case Verb::tell:
      if (other) tell(book, book.next_id(source_of(record, 'd')), *other);
      return;
    case Verb::shut:
      if (other) shut(*other);
      return;
    case Verb::publish: {
      const std::string id = book.next_id(source_of(record)), to = group_name(group_of_workers);
      book.may_come(id, record.pool, to);
      return session.publish(to, wording_of(id));
    }
    case Verb::join:
      if (is_open(record)) book.joined(record, group);
      return session.join(group, std::to_string(record.number));
    case Verb::leave:
      if (record.groups.contains(group)) record.leaving.insert(group);
      return session.leave(group);
    case Verb::post:
      return post(book, record, book.next_id(source_of(record, 'd')), session.address());
    case Verb::close: close(book, record); return session.close(4000, "enough");
    case Verb::fail: fail(book, record);
    case Verb::flush: return session.flush();
    default: return;
  }
}

}  // namespace

void perform(Book& book, Record& record, WorkerSession& session, const Script& script) {
  for (const Act& act : script) perform_one(book, record, session, act);
}

}  // namespace orrery::simulation
