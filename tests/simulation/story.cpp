#include "story.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>

#include "acting.h"
#include "handlers.h"
#include "wording.h"

namespace orrery::simulation {

namespace {

using namespace std::chrono_literals;

constexpr int names = 3;

// The errors that a stream's operations fail with.
constexpr std::array failures{ECONNRESET, EPIPE, ETIMEDOUT, ENOBUFS};

PoolLimits limits_of(Dice& dice) {
  PoolLimits limits{
      .sessions = 6 + dice.below(14), .workers = 1 + dice.below(2), .worker_queue = dice.below(4)};
  limits.gears = {"main"};
  return limits;
}

ServerOptions options_of(Dice& dice) {
  ServerOptions options;
  options.limits.idle = 20s;
  options.limits.write_timeout = 10s;
  for (PoolNumber which = 0; which < pool_count; ++which)
    options.pools[pool_name(which)] = limits_of(dice);
  return options;
}

/// What a drain has promised.
struct Promise {
  Time asked;
  DrainOptions options;
  std::set<Number> there;  // sessions that were open
};

class Story {
 public:
  Story(std::uint64_t seed, Transcript::Lines lines)
      : seed_(seed), dice_(seed), stage_(seed, lines, options_of(dice_)) {}

  Outcome tell() {
    const std::size_t steps = 300 + dice_.below(400);
    for (PoolNumber pool = 0; pool < pool_count; ++pool) the_program_keeps_history(pool);
    for (std::size_t i = 0; i < steps && sound(); ++i) step();
    if (sound()) end();
    stage_.take_down();
    if (sound()) stage_.book.check_end();
    std::size_t opened = 0;
    for (const auto& [number, record] : stage_.book.records()) opened += record.opened ? 1 : 0;
    return {stage_.lines.faults(), stage_.lines.digest(), opened};
  }

 private:
  [[nodiscard]] bool sound() const { return stage_.lines.sound(); }
  template <typename... Args>
  void note(fmt::format_string<Args...> form, Args&&... with) {
    stage_.lines.note(form, std::forward<Args>(with)...);
  }

  void step() {
    const std::size_t dice = dice_.below(100);
    if (dice < 28)
      turn_a_loop();
    else if (dice < 40)
      clients_react();
    else if (dice < 46)
      a_worker_works();
    else if (dice < 68)
      a_client_says_something();
    else if (dice < 76)
      somebody_connects();
    else if (dice < 83)
      the_program_acts();
    else if (dice < 85)
      the_operator_acts();
    else if (dice < 90)
      a_client_misbehaves();
    else if (dice < 97)
      time_passes();
    else
      rest();
    stage_.check_step();
  }

  void turn_a_loop() {
    const std::size_t loop = dice_.below(loop_count);
    note("loop {} turns", loop);
    stage_.turn(loop);
  }

  void clients_react() {
    note("clients read and write");
    stage_.react();
  }

  void a_worker_works() {
    note("a worker works");
    stage_.work(dice_.below(2));
  }

  void time_passes() {
    const auto time = dice_.chance(10) ? milliseconds{1000 * (1 + dice_.below(30))}
                                       : milliseconds{1 + dice_.below(60)};
    note("{} ms pass", time.count());
    if (dice_.chance(50) && (!draining_ || time < 100ms))
      stage_.clock.advance(time);
    else
      pass(time, dice_.chance(50) ? Stage::Workers::work : Stage::Workers::rest);
  }

  void pass(milliseconds time, Stage::Workers workers = Stage::Workers::work) {
    stage_.advance(time, workers);
    if (sound()) stage_.book.check_patience(admission_patience);
  }

  void rest() {
    note("everything comes to rest");
    stage_.settle();
    stage_.check_rest();
  }

  // What a handler may be told to do: the story knows sessions, groups and names by number.
  Act some_act() {
    const auto verb = static_cast<Verb>(dice_.below(verbs));
    switch (verb) {
      case Verb::tell: return {verb, static_cast<int>(1 + dice_.below(connected_ + 1))};
      case Verb::shut:
        if (dice_.chance(70)) return {Verb::echo};
        return {verb, static_cast<int>(1 + dice_.below(connected_ + 1))};
      case Verb::close:
      case Verb::fail: return dice_.chance(30) ? Act{verb} : Act{Verb::echo};
      case Verb::resume: return {Verb::join, static_cast<int>(dice_.below(groups))};
      case Verb::claim:
      case Verb::claim_awaited:
      case Verb::release:
      case Verb::send_to_name: return {verb, static_cast<int>(dice_.below(names))};
      case Verb::join_since:
        return {verb, 1 + static_cast<int>(dice_.below(groups - 1) + groups * dice_.below(6))};
      case Verb::rest:
      case Verb::post_after: return {verb, static_cast<int>(dice_.below(40))};
      default: return {verb, static_cast<int>(dice_.below(groups))};
    }
  }

  Script some_script(std::size_t most) {
    Script script;
    for (std::size_t i = dice_.below(most + 1); i > 0; --i) script.push_back(some_act());
    return script;
  }

  void somebody_connects() {
    const Number number = ++connected_;
    const auto kind = static_cast<Kind>(dice_.below(kinds));
    const auto pool = dice_.chance(50) ? 0 : static_cast<PoolNumber>(dice_.below(pool_count));
    const std::size_t loop = dice_.below(loop_count);
    Record& record = stage_.book.begin(number, kind, pool);
    net::MemoryOptions options;
    if (dice_.chance(20)) options.chunk_bytes = 1 + dice_.below(dice_.chance(30) ? 20 : 300);
    Script first = some_script(4);
    if (dice_.chance(20)) first.insert(first.end(), {{Verb::rest, 20}, {Verb::post}});
    Script last;
    for (const Act& act : some_script(3))
      if (act.verb != Verb::fail) last.push_back(act);
    const std::string target = some_target(record);
    note("client {} connects to loop {}, {}: first {}; last {}", number, loop, target,
         as_text(first), as_text(last));
    stage_.book.ask(first_script(number), first);
    stage_.book.ask(last_script(number), last);
    Peer& peer = stage_.dial(record, loop, options);
    peer.asks(target, some_offer());
    while (dice_.chance(30)) says(peer);  // glued to the handshake
    break_some_time(peer);
  }

  // Where a client asks for a session, and what it may be answered.
  std::string some_target(Record& record) {
    std::string how;
    if (dice_.chance(15)) how = dice_.pick({"reject", "throw", "break", "dismiss"});
    std::string target = "/" + std::string(name_of(record.kind));
    const bool slow = dice_.chance(30);
    if (slow && dice_.chance(10)) how = "fail";
    if (slow) target = "/slow" + target;
    target += "?n=" + std::to_string(record.number) + "&pool=" + std::to_string(record.pool);
    if (slow) target += "&waits=" + std::to_string(1 + dice_.below(3));
    if (!how.empty()) target += "&how=" + how;
    const bool throws = how == "throw" || how == "break" || how == "fail";
    record.answers.insert(throws ? 500 : how == "reject" ? 401 : 101);
    return target;
  }

  std::optional<websocket::DeflateParams> some_offer() {
    if (dice_.chance(50)) return std::nullopt;
    return websocket::DeflateParams{.server_no_context_takeover = dice_.chance(30),
                                    .client_no_context_takeover = dice_.chance(30),
                                    .server_max_window_bits = dice_.pick({15, 15, 10}),
                                    .client_max_window_bits = dice_.pick({15, 15, 9})};
  }

  // One client of each story breaks, sooner in one and later in the next; some others do too.
  void break_some_time(Peer& peer) {
    const bool chosen = static_cast<std::uint64_t>(peer.number()) == 2 + seed_ % 4;
    if (!chosen && !dice_.chance(5)) return;
    const std::size_t operation = chosen ? 1 + seed_ / 4 % 50 : 1 + dice_.below(12);
    const int error = dice_.pick(std::vector<int>(failures.begin(), failures.end()));
    note("operation {} of client {}'s stream will fail: {}", operation, peer.number(), error);
    peer.fails_at(operation, error);
  }

  Peer* some_peer() {
    std::vector<Peer*> talking;
    for (const auto& peer : stage_.peers())
      if (peer->talks()) talking.push_back(peer.get());
    return talking.empty() ? nullptr : dice_.pick(talking);
  }

  void says(Peer& peer) {
    const std::string id = stage_.book.next_id("c" + std::to_string(peer.number()));
    const Script script = some_script(3);
    note("client {} says {}: {}", peer.number(), id, as_text(script));
    stage_.book.ask(id, script);
    peer.says(id);
  }

  void a_client_says_something() {
    Peer* const peer = some_peer();
    if (!peer) return;
    const bool too_much = rate_of(stage_.book.record(peer->number()).kind) > 0 && dice_.chance(50);
    for (std::size_t i = too_much ? 4 : 1; i > 0; --i) says(*peer);
  }

  void a_client_misbehaves() {
    Peer* const peer = some_peer();
    if (!peer) return;
    const std::size_t dice = dice_.below(8);
    static constexpr std::array what{"pings",  "closes",   "breaks a rule",           "finishes",
                                     "resets", "vanishes", "stops or starts reading", "grows deaf"};
    note("client {} {}", peer->number(), what[dice]);
    switch (dice) {
      case 0: return peer->pings();
      case 1: return peer->closes(dice_.pick({0, 1000, 4242}));
      case 2: return peer->breaks_a_rule();
      case 3: return peer->finishes();
      case 4: return peer->resets();
      case 5: return peer->vanishes();
      case 6: return peer->reads(!peer->is_reading());
      default: return peer->answers_pings(false);
    }
  }

  // Through a Sender or an Address, as from another thread.
  void the_program_acts() {
    Book& book = stage_.book;
    const std::string id = book.next_id("x");
    const auto pool = static_cast<PoolNumber>(dice_.below(pool_count));
    Sender sender = stage_.sender(pool);
    const std::string group = group_name(static_cast<int>(dice_.below(groups)));
    if (dice_.chance(8)) return the_program_keeps_history(pool);
    if (dice_.chance(40)) {
      note("the program publishes {} to {} of {}", id, group, pool_name(pool));
      book.ask(id, some_script(1));
      book.published(id, pool, group, 0);
      (void)sender.publish(group, wording_of(id));
      return;
    }
    if (dice_.chance(25)) {
      const std::string name = unique_name(static_cast<int>(dice_.below(names)));
      note("the program sends {} to {}", id, name);
      return book.sent_to_name(id, pool, name, sender.send_to_name(name, wording_of(id)));
    }
    if (Record* const to = somebody_known()) the_program_tells(*to, id);
  }

  void the_program_tells(Record& to, const std::string& id) {
    if (dice_.chance(10)) {
      note("the program closes session {}", to.number);
      to.shut = true;
      to.address.close(4001, "shut");
      return;
    }
    note("the program sends {} to session {}", id, to.number);
    stage_.book.ask(id, some_script(2));
    stage_.book.sent(id, to, to.address.send(wording_of(id)));
  }

  Record* somebody_known() {
    std::vector<Record*> known;
    for (auto& [number, record] : stage_.book.records())
      if (record.opened) known.push_back(&record);
    if (known.empty()) return nullptr;
    const auto opening = std::ranges::find(known, true, &Record::opening);
    return opening != known.end() && dice_.chance(50) ? *opening : dice_.pick(known);
  }

  // Not of the workers' group.
  void the_program_keeps_history(PoolNumber pool) {
    const std::string group = group_name(1 + static_cast<int>(dice_.below(groups - 1)));
    History history;
    history.messages = dice_.pick({0, 1, 3, 5, 10, 20, 50});
    history.age = std::chrono::seconds{dice_.pick({1, 10, 3600, 3600})};
    note("{} of {} keeps {} messages for {} s", group, pool_name(pool), history.messages,
         history.age.count());
    stage_.book.histories.keep(pool, group, history, stage_.clock.now());
    stage_.sender(pool).keep_history(group, history);
  }

  // Pools change while they serve.
  void the_operator_acts() {
    const auto pool = static_cast<PoolNumber>(dice_.below(pool_count));
    const std::string name = pool_name(pool);
    if (pool != 0 && dice_.chance(40)) {
      note("the operator closes {}", name);
      stage_.book.closes_pool(pool);
      return stage_.engine().close_pool(name);
    }
    PoolLimits limits = limits_of(dice_);
    if (dice_.chance(20)) limits.sessions = dice_.below(4);
    if (dice_.chance(10)) limits.memory_bytes = 1024 << dice_.below(6);
    note("the operator gives {} {} sessions, {} bytes", name, limits.sessions, limits.memory_bytes);
    for (std::size_t loop = 0; loop < loop_count; ++loop) stage_.turn(loop);  // if it was closed
    stage_.check_step();
    stage_.book.opens_pool(pool);
    stage_.set_pool(pool, limits);
  }

  // How it ends.

  void end() {
    switch (dice_.below(5)) {
      case 0: return note("the server is taken down as it is");
      case 1: return everybody_goes();
      case 2: return close_the_pools();
      default: return drain();
    }
  }

  void everybody_goes() {
    note("everybody goes");
    for (const auto& peer : stage_.peers()) {
      if (!peer->is_reading()) peer->reads(true);
      if (peer->talks() && dice_.chance(80))
        peer->closes(1000);
      else
        peer->vanishes();
    }
    stage_.advance(30s);
    for (const auto& peer : stage_.peers()) peer->vanishes();
    stage_.advance(10s);
    if (!sound()) return;
    stage_.book.check_end();
    stage_.check_empty();
  }

  void close_the_pools() {
    note("the pools are closed");
    for (PoolNumber which = 0; which < pool_count; ++which) {
      stage_.book.closes_pool(which);
      stage_.engine().close_pool(pool_name(which));
    }
    stage_.settle();
    for (const auto& [number, record] : stage_.book.records())
      if (record.stays())
        stage_.lines.fault("session {} was never told that its pool is closed", number);
    if (sound()) everybody_goes();
  }

  void drain() {
    Promise promise{stage_.clock.now(),
                    {.delay = milliseconds{dice_.below(2) * 500},
                     .spread = milliseconds{dice_.below(3) * 4000},
                     .reconnect_spread = 10s,
                     .deadline = milliseconds{dice_.pick({6000, 15000, 30000})}},
                    {}};
    for (const auto& [number, record] : stage_.book.records())
      if (record.lives()) promise.there.insert(number);
    note("the server drains: delay {}, spread {}, deadline {}", promise.options.delay.count(),
         promise.options.spread.count(), promise.options.deadline.count());
    draining_ = true;
    stage_.engine().drain(promise.options);
    for (std::size_t loop = 0; loop < loop_count; ++loop) stage_.turn(loop);
    const std::size_t busy_steps = dice_.below(100);
    const Time told_by = promise.asked + promise.options.delay + promise.options.spread + 1s;
    const Time deadline = promise.asked + promise.options.deadline, ends_by = deadline + 100ms;
    for (std::size_t i = 0; i < busy_steps && sound(); ++i) {
      // Behind it nobody can connect any more: a loop may have ended.
      if (stage_.loops_have_ended() || stage_.clock.now() >= deadline) break;
      step();
    }
    if (told_by < ends_by) {
      pass_until(told_by);
      check_told(promise);
    }
    pass_until(ends_by);
    if (!sound()) return;
    stage_.book.check_end();
    stage_.check_empty();
  }

  void pass_until(Time when) {
    if (sound()) stage_.advance(std::max(when - stage_.clock.now(), milliseconds{0}));
  }

  // Everybody has heard it, each with a hint of its own when to come back.
  void check_told(const Promise& promise) {
    if (!sound()) return;
    std::set<std::string> hints;
    std::size_t told = 0;
    for (const auto& [number, record] : stage_.book.records()) {
      if (record.stays())
        stage_.lines.fault("session {} was never told that the server goes", number);
      if (record.code != 1001) continue;
      ++told;
      hints.insert(record.reason);
      if (!record.reason.starts_with("shutting down; reconnect in "))
        stage_.lines.fault("session {} is told \"{}\"", number, record.reason);
    }
    if (told >= 3 && hints.size() == 1)
      stage_.lines.fault("all {} sessions are told \"{}\"", told, *hints.begin());
    note("{} of {} sessions were told", told, promise.there.size());
  }

  const std::uint64_t seed_;
  Dice dice_;
  Stage stage_;
  std::size_t connected_ = 0;
  bool draining_ = false;
};

}  // namespace

Outcome tell_story(std::uint64_t seed, Transcript::Lines lines) {
  return Story(seed, lines).tell();
}

std::string replay_command(std::uint64_t seed) {
  return "./dev sim --seed " + std::to_string(seed);
}

}  // namespace orrery::simulation
