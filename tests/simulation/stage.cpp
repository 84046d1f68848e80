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
    : lines(clock, shown), book(lines, clock), random_(seed), log_(lines) {
  std::vector<net::Loop*> loops;
  for (std::size_t i = 0; i < loop_count; ++i) {
    using Sends = net::ManualPoller::Sends;
    auto poller = std::make_unique<net::ManualPoller>(i == 0 ? Sends::alone : Sends::together);
    loops_[i] = std::make_unique<net::Loop>(clock, std::move(poller), net::LoopOptions{.index = i});
    loops.push_back(loops_[i].get());
  }
  const auto make_workers = [this](const pools::WorkerLimits& limits) {
    auto made = std::make_unique<pools::ManualWorkers>(limits);
    workers_.push_back(made.get());
    return made;
  };
  for (PoolNumber which = 0; which < pool_count; ++which)
    limits_[which] = options.pools.at(pool_name(which)).sessions;
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

Peer& Stage::dial(Record& record, std::size_t loop, net::MemoryOptions options) {
  auto [stream, end] = net::MemoryStream::driven(*loops_[loop], std::move(options));
  peers_.push_back(std::make_unique<Peer>(book, record, std::move(end)));
  server(loop).accept(std::move(stream));
  return *peers_.back();
}

bool Stage::react() {
  bool any = false;
  for (const auto& peer : peers_) any |= peer->react(clock.now());
  return any;
}

bool Stage::work(std::size_t n) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    pools::ManualWorkers& workers = *workers_[(n + i) % workers_.size()];
    if (workers.queued() == 0) continue;
    workers.work_off(std::min(n, workers.queued() - 1));
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

void Stage::set_pool(PoolNumber which, const PoolLimits& limits) {
  limits_[which] = limits.sessions;
  engine_->set_pool(pool_name(which), limits);
}

// A pool whose limit was lowered may have too many: those that are in it stay.
void Stage::check_step() {
  for (PoolNumber which = 0; which < pool_count; ++which) {
    const std::string name = pool_name(which);
    const std::size_t taken = pool(which).sessions(), handlers = book.handlers(which);
    const std::size_t most = std::max(limits_[which], taken_[which]);
    if (taken > most) lines.fault("{} sessions in {} for {}", taken, name, most);
    if (handlers > taken) lines.fault("{} handlers, but {} sessions in {}", handlers, taken, name);
    taken_[which] = taken;
  }
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
  check_connections();
  check_rates();
  for (PoolNumber which = 0; which < pool_count; ++which) {
    if (!book.anybody_busy()) check_names(which);
    if (book.is_empty(which)) check_free(which);
  }
}

// Whoever has gone for good has no connection any more, unless its session has to end first, or it
// left without reading what there was for it.
void Stage::check_connections() {
  std::size_t connections = 0, most = 0;
  for (std::size_t i = 0; i < loop_count; ++i) connections += server(i).load();
  for (const auto& peer : peers_)
    if (!peer->gone() || !peer->is_reading() || book.record(peer->number()).lives()) ++most;
  if (connections > most) lines.fault("{} connections for {} clients", connections, most);
}

// What clients say too much is counted, told or not.
void Stage::check_rates() {
  std::uint64_t counted = 0, told = 0;
  for (std::size_t i = 0; i < loop_count; ++i)
    counted += server(i).counters().dropped[static_cast<int>(DropCause::rate_limited)].count();
  for (const auto& [number, record] : book.records()) told += record.rate.lost;
  if (told > counted)
    lines.fault("{} messages were lost to rates, of {} sessions were told", counted, told);
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
void Stage::check_names(PoolNumber pool) {
  const auto held = book.names_held(pool);
  for (int which = 0; which < 4; ++which) {
    const std::string name = unique_name(which);
    const auto found = sender(pool).find(name);
    bool in_doubt = false;
    for (const auto& [number, record] : book.records())
      in_doubt |=
          record.pool == pool && (record.doubtful.contains(name) || record.losing.contains(name) ||
                                  (record.lives() && may_be_ending(record, name)));
    if (in_doubt) continue;
    if (found.has_value() != held.contains(name))
      lines.fault("{} is {} in {}, but {}", name, found ? "held" : "free", pool_name(pool),
                  found ? "nobody holds it" : "somebody holds it");
    for (const auto& [number, record] : book.records())
      if (found && record.pool == pool && record.lives() && record.names.contains(name) &&
          record.address != *found)
        lines.fault("{} is held by session {} and leads to another", name, number);
  }
}

// Nobody is in this pool: nothing that anybody had in it is left.
void Stage::check_free(PoolNumber which) {
  const std::string name = pool_name(which);
  if (const auto taken = pool(which).sessions(); taken != 0)
    lines.fault("{} sessions are left in {}", taken, name);
  auto& scope = server(0).node().registry->scope(name);
  if (const auto on_record = scope.groups(); on_record != book.histories.kept(which))
    lines.fault("{} groups are left in {}, of which {} keep a history", on_record, name,
                book.histories.kept(which));
  if (const auto names = scope.names().size(); names != 0)
    lines.fault("{} names are left in {}", names, name);
  std::size_t borrowed = 0;
  for (std::size_t i = 0; i < loop_count; ++i) {
    const auto& account = server(i).account_of(pool(which));
    borrowed += account.borrowed_bytes();
    if (const auto bytes = account.used_bytes(); bytes != 0)
      lines.fault("{} bytes of loop {} are left in the account of {}", bytes, i, name);
  }
  const bool lingers = std::ranges::any_of(peers_, [&](const auto& peer) {
    return !peer->is_reading() && book.record(peer->number()).pool == which;
  });
  if (const auto lent = pool(which).ledger()->lent_bytes(); lent != borrowed && !lingers)
    lines.fault("{} bytes are left in the account of {}", lent - borrowed, name);
}

void Stage::check_empty() {
  for (PoolNumber which = 0; which < pool_count; ++which) check_free(which);
  for (std::size_t i = 0; i < loop_count; ++i) {
    if (!server(i).empty()) lines.fault("loop {} has connections left", i);
    if (const auto sessions = server(i).sessions(); sessions != 0)
      lines.fault("loop {} counts {} sessions when all are gone", i, sessions);
  }
}

}  // namespace orrery::simulation
