#include "stage.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "actor/mailbox.h"
#include "handlers.h"
#include "net/manual_poller.h"
#include "server/session.h"
#include "server/session_actor.h"

namespace orrery::simulation {

void Stage::Log::write(observe::Level level, std::string_view event, observe::LogFields fields) {
  lines_.note("    log: {} {}", observe::name_of(level), observe::as_text(event, fields));
}

Stage::Stage(std::uint64_t seed, Transcript::Lines shown, ServerOptions options)
    : lines(clock, shown), book(lines), random_(seed), log_(lines) {
  std::vector<net::Loop*> loops;
  for (std::size_t i = 0; i < loop_count; ++i) {
    loops_[i] = std::make_unique<net::Loop>(clock, std::make_unique<net::ManualPoller>(),
                                            net::LoopOptions{.index = i});
    loops.push_back(loops_[i].get());
  }
  const auto make_workers = [this](const pools::WorkerLimits& limits) {
    auto made = std::make_unique<pools::ManualWorkers>(limits);
    workers_.push_back(made.get());
    return made;
  };
  declare_routes(router_, book);
  engine_ = std::make_unique<server::Engine>(
      std::move(options), server::Environment{clock, log_, jobs_, random_, make_workers});
  auto started = engine_->start_on(router_, loops);
  if (!started) throw std::logic_error("the simulated server can't start: " + started.error());
  servers_ = *started;
}

Stage::~Stage() {
  take_down();
}

void Stage::take_down() {
  workers_.clear();
  servers_.clear();
  engine_.reset();
  peers_.clear();
}

Peer& Stage::dial(Number number, Kind kind, std::size_t loop, net::MemoryOptions options,
                  std::string_view target) {
  auto [stream, end] = net::MemoryStream::driven(*loops_[loop], std::move(options));
  auto& record = book.begin(number, kind);
  peers_.push_back(std::make_unique<Peer>(book, record, std::move(end)));
  server(loop).accept(std::move(stream));
  peers_.back()->asks(target);
  return *peers_.back();
}

bool Stage::react() {
  bool any = false;
  for (const auto& peer : peers_) any |= peer->react(clock.now());
  return any;
}

bool Stage::work(std::size_t n) {
  for (pools::ManualWorkers* const workers : workers_) {
    if (workers->queued() == 0) continue;
    workers->work_off(std::min(n, workers->queued() - 1));
    return true;
  }
  return false;
}

void Stage::settle(Workers workers) {
  constexpr int patience_turns = 20'000;
  for (int turns = 0; turns < patience_turns; ++turns) {
    bool any = react();
    for (std::size_t i = 0; i < loop_count; ++i) any |= turn(i);
    if (workers == Workers::work) any |= work(0);
    if (!any) return;
  }
  lines.fault("the server never comes to rest");
}

void Stage::advance(milliseconds by, Workers workers) {
  const Time until = clock.now() + by;
  settle(workers);
  while (clock.now() < until && lines.sound()) {
    Time next = until;
    for (const auto& loop : loops_)
      next = std::min(next, loop->timers().next_deadline().value_or(until));
    clock.advance(std::clamp(next - clock.now(), milliseconds{1}, until - clock.now()));
    settle(workers);
  }
}

void Stage::check_step() {
  const std::size_t taken = pool().sessions(), handlers = book.handlers();
  if (taken > pool().session_limit())
    lines.fault("{} sessions in a pool for {}", taken, pool().session_limit());
  if (handlers > taken) lines.fault("{} handlers, but {} sessions in the pool", handlers, taken);
}

void Stage::check_rest() {
  book.check_rest(clock.now(), server(0).node().options.limits.idle);
  for (const auto& [number, record] : book.records()) {
    if (names_another(record)) lines.fault("the address of session {} names another one", number);
    if (!record.stays() || record.suspended || record.delays) continue;
    const auto& mailbox = actor::Mailbox::of(record.address);
    if (mailbox->count() != 0 || mailbox->bytes() != 0)
      lines.fault("session {}: {} letters of {} bytes in its mailbox at rest", number,
                  mailbox->count(), mailbox->bytes());
  }
  for (std::size_t i = 0; i < loop_count; ++i)
    if (const auto bytes = server(i).node().registry->bytes_under_way(i); bytes != 0)
      lines.fault("{} published bytes under way to loop {} at rest", bytes, i);
  if (!book.anybody_busy()) check_names();
}

// A place is used again, but never under the same name.
bool Stage::names_another(const Record& record) {
  const auto& mailbox = actor::Mailbox::of(record.address);
  if (!mailbox) return false;
  const server::Session* const found = server(mailbox->door().loop()).session(mailbox->session());
  const server::SessionActor* const actor = found ? found->actor_if_any() : nullptr;
  return actor && actor->mailbox_if_any() && actor->mailbox_if_any() != mailbox.get();
}

// Only its client could tell that it is being closed, and it does not listen; or an answer to it
// will never come.
bool Stage::may_be_ending(const Record& record, const std::string& name) {
  const auto asked = record.asked.find(name);
  return !record.stays() || (asked != record.asked.end() && asked->second > 0);
}

// Names that nobody believes to hold are free, and those that somebody does lead to it.
void Stage::check_names() {
  const auto held = book.names_held();
  for (int which = 0; which < 4; ++which) {
    const std::string name = unique_name(which);
    const auto found = sender().find(name);
    bool in_doubt = false;
    for (const auto& [number, record] : book.records())
      in_doubt |= record.doubtful.contains(name) || record.losing.contains(name) ||
                  (record.lives() && may_be_ending(record, name));
    if (in_doubt) continue;
    if (found.has_value() != held.contains(name))
      lines.fault("{} is {}, but {}", name, found ? "held" : "free",
                  found ? "nobody holds it" : "somebody holds it");
    for (const auto& [number, record] : book.records())
      if (found && record.lives() && record.names.contains(name) && record.address != *found)
        lines.fault("{} is held by session {} and leads to another", name, number);
  }
}

void Stage::check_empty() {
  if (const auto taken = pool().sessions(); taken != 0)
    lines.fault("{} sessions are left in the pool", taken);
  auto& registry = *server(0).node().registry;
  if (const auto groups = registry.scope(pool_name).groups(); groups != 0)
    lines.fault("{} groups are left", groups);
  if (const auto names = registry.scope(pool_name).names().size(); names != 0)
    lines.fault("{} names are left", names);
  for (std::size_t i = 0; i < loop_count; ++i) {
    if (!server(i).empty()) lines.fault("loop {} has connections left", i);
    if (const auto sessions = server(i).sessions(); sessions != 0)
      lines.fault("loop {} counts {} sessions when all are gone", i, sessions);
    if (const auto bytes = server(i).account_of(pool()).used_bytes(); bytes != 0)
      lines.fault("{} bytes of loop {} are left in the pool's account", bytes, i);
  }
}

}  // namespace orrery::simulation
