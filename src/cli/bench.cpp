#include "cli/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <ostream>
#include <thread>

#include "cli/bench_report.h"
#include "cli/pacer.h"
#include "cli/process_meter.h"
#include "net/epoll_poller.h"
#include "websocket/secure_random.h"

namespace orrery::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds glance{20};           // how often the counts are looked at
constexpr milliseconds progress_every{200};  // and shown
constexpr milliseconds patience{10'000};     // without any progress
constexpr milliseconds longest{std::chrono::hours{24}};
constexpr milliseconds last_answers{5'000};
constexpr milliseconds last_words{2'000};
constexpr std::size_t fan_out_slots = 65'536;
constexpr int slow_receive_bytes = 4096;

// One thread of the load, with all that it needs.
class Worker {
 public:
  Worker(const BenchPlan& plan, const Place& place, std::size_t index,
         std::unique_ptr<net::Poller> poller)
      : loop_(clock_, std::move(poller)),
        dialer_(loop_, place),
        slow_dialer_(loop_, place, slow_receive_bytes),
        crew_(plan, index, {loop_, fine_clock_, random_, dialer_, slow_dialer_}),
        pacer_(loop_, [this] { return crew_.send_due(); }) {}
  ~Worker() { join(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start() {
    thread_ = std::thread([this] { loop_.run(); });
  }
  void join() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }
  /// Runs it on the worker's thread, soon.
  template <typename Work>
  void tell(Work work) {
    loop_.post([this, work] { work(crew_); });
  }
  void begin(Nanoseconds step) {
    loop_.post([this, step] {
      crew_.begin(step);
      if (!crew_.schedule().is_open_loop() || crew_.senders() == 0) return;
      if (const auto paced = pacer_.start(); !paced) crew_.fail(paced.error());
    });
  }
  [[nodiscard]] Crew& crew() { return crew_; }

 private:
  const SystemClock clock_{};
  const SystemFineClock fine_clock_{};
  websocket::SecureRandom random_{};
  net::Loop loop_;
  SocketDialer dialer_;
  SocketDialer slow_dialer_;
  Crew crew_;
  Pacer pacer_;
  std::thread thread_{};
};

struct Sums {
  std::uint64_t opened = 0, open = 0, sent = 0, answered = 0, lost = 0;
};

// The thread that watches: from the first connection to the report.
class Measurement {
 public:
  Measurement(const BenchOptions& options, const Target& target, std::ostream& errors,
              Watched watched)
      : publications_(static_cast<std::uint32_t>(options.connections),
                      options.rate > 0 ? fan_out_slots : options.depth),
        plan_{.options = options,
              .opening = {target, options.client.headers, options.client.subprotocols, {}},
              .payload = Payload(options.opcode, options.size),
              .publications = &publications_},
        errors_(errors),
        watched_(watched) {
    if (options.deflate)
      plan_.opening.compression = websocket::DeflateParams{.client_no_context_takeover = true};
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~Measurement() {
    for (auto& worker : workers_) worker->join();  // all of them first: they post to each other
    clear_line();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  Measurement(const Measurement&) = delete;
  Measurement& operator=(const Measurement&) = delete;

  Result<BenchReport> run() {
    report_.options = plan_.options;
    for (const auto step :
         {&Measurement::start, &Measurement::open, &Measurement::load, &Measurement::end})
      if (const auto done = (this->*step)(); !done) return Error{done.error()};
    return std::move(report_);
  }

 private:
  Result<void> start();
  Result<void> open();
  Result<void> load();
  Result<void> end();

  /// Looks around until `done`; an error if something failed, or nothing moved for long.
  template <typename Done>
  Result<void> wait(std::string_view what, milliseconds at_most, Done done);
  [[nodiscard]] bool has_moved(const Sums& before, const Sums& now) const;
  [[nodiscard]] bool is_quiet(const Sums& now) const;
  [[nodiscard]] Sums sums() const;
  [[nodiscard]] Result<void> failure() const;
  [[nodiscard]] Result<ProcessCost> server_cost() const;
  void rest(milliseconds time);
  void show(std::string_view what, const Sums& now);
  void clear_line();
  template <typename Work>
  void tell_all(Work work) {
    for (auto& worker : workers_) worker->tell(work);
  }

  Publications publications_;
  BenchPlan plan_;
  Place place_{};
  std::ostream& errors_;
  const Watched watched_;
  sigset_t signals_{}, before_{};
  bool enough_ = false;  // a signal came
  const SystemFineClock clock_{};
  std::vector<std::unique_ptr<Worker>> workers_{};
  ProcessCost server_before_{};
  Nanoseconds shown_at_{0};
  std::uint64_t shown_answered_ = 0;
  BenchReport report_{};
};

Result<ProcessCost> Measurement::server_cost() const {
  return plan_.options.pid ? cost_of(*plan_.options.pid) : ProcessCost{};
}

Result<void> Measurement::start() {
  auto place = find_place(plan_.opening.target, plan_.options.client);
  if (!place) return Error{place.error()};
  place_ = *std::move(place);
  const auto before = server_cost();
  if (!before) return Error{before.error()};
  server_before_ = *before;
  for (std::size_t i = 0; i < plan_.options.threads; ++i) {
    auto poller = net::EpollPoller::create();
    if (!poller) return Error{poller.error()};
    workers_.push_back(std::make_unique<Worker>(plan_, place_, i, *std::move(poller)));
    workers_.back()->crew().publisher_is_in(workers_.front()->crew());
  }
  for (auto& worker : workers_) worker->start();
  return {};
}

Result<void> Measurement::open() {
  const auto begin = clock_.now();
  tell_all([](Crew& crew) { crew.open_sessions(); });
  const auto all = plan_.options.sessions();
  const auto opened = wait("opening", longest, [&](const Sums& now) { return now.opened >= all; });
  if (!opened)
    return Error{
        fmt::format("with {} of {} sessions open: {}", sums().opened, all, opened.error())};
  if (plan_.options.mode != BenchMode::connect) report_.opened = sums().opened;
  report_.opening_seconds = std::chrono::duration<double>(clock_.now() - begin).count();
  return {};
}

Result<void> Measurement::load() {
  Nanoseconds step = plan_.options.step.value_or(std::chrono::microseconds{0});
  if (plan_.options.rate > 0 && !plan_.options.step) step = affordable_step();
  for (auto& worker : workers_) worker->begin(step);
  const auto never = [](const Sums&) { return false; };
  if (auto warm = wait("warming up", plan_.options.warmup, never); !warm) return warm;
  if (enough_) return Error{"it was interrupted before anything was measured"};
  tell_all([](Crew& crew) { crew.measure(); });
  const auto server_begin = server_cost();
  const Sums first = sums();
  const auto own_begin = own_cpu();
  const auto begin = clock_.now();
  if (auto done = wait("measuring", plan_.options.duration, never); !done) return done;
  const auto end = clock_.now();
  const Sums last = sums();
  const auto own_end = own_cpu();
  const auto server_end = server_cost();
  tell_all([](Crew& crew) { crew.stop(); });

  report_.seconds = std::chrono::duration<double>(end - begin).count();
  report_.sent = last.sent - first.sent;
  report_.answered = last.answered - first.answered;
  report_.own_cpu_seconds = std::chrono::duration<double>(own_end - own_begin).count();
  if (!plan_.options.pid) return {};
  if (!server_begin || !server_end) return Error{"the server ended while it was measured"};
  const auto sessions = static_cast<std::int64_t>(std::max<std::uint64_t>(last.open, 1));
  report_.server =
      ServerCost{std::chrono::duration<double>(server_end->cpu - server_begin->cpu).count(),
                 server_end->resident_bytes,
                 (static_cast<std::int64_t>(server_end->resident_bytes) -
                  static_cast<std::int64_t>(server_before_.resident_bytes)) /
                     sessions};
  return {};
}

Result<void> Measurement::end() {
  enough_ = false;
  const auto all_came =
      wait("last answers", last_answers, [this](const Sums& now) { return is_quiet(now); });
  if (!all_came) return all_came;
  const Sums sum = sums();
  const bool counts =
      plan_.options.mode == BenchMode::echo || plan_.options.mode == BenchMode::fan_out;
  report_.unanswered = counts && sum.sent > sum.answered ? sum.sent - sum.answered : 0;
  tell_all([](Crew& crew) { crew.say_goodbye(); });
  // Who does not answer the farewell is no fault of the measurement.
  static_cast<void>(wait("closing", last_words, [](const Sums& now) { return now.open == 0; }));
  for (auto& worker : workers_) worker->join();
  for (auto& worker : workers_) {
    const Crew& crew = worker->crew();
    report_.step = std::max(report_.step, crew.schedule().step());
    report_.latencies.merge(crew.latencies());
    report_.last_latencies.merge(crew.last_latencies());
    for (const auto& [why, times] : crew.endings()) report_.endings[why] += times;
    for (const auto& [why, times] : crew.slow_endings()) report_.slow_endings[why] += times;
  }
  return {};
}

template <typename Done>
Result<void> Measurement::wait(std::string_view what, milliseconds at_most, Done done) {
  const auto begin = clock_.now();
  auto moved_at = begin;
  Sums before = sums();
  shown_answered_ = before.answered;
  shown_at_ = begin;
  while (!enough_) {
    const auto now = clock_.now();
    const Sums sum = sums();
    if (const auto sound = failure(); !sound) return sound;
    if (done(sum) || now - begin >= at_most) return {};
    if (has_moved(before, sum)) moved_at = now;
    if (now - moved_at >= patience)
      return Error{fmt::format("no answer for {} s: is the server stuck, or behind a firewall?",
                               patience.count() / 1000)};
    before = sum;
    if (now - shown_at_ >= progress_every) show(what, sum);
    rest(std::min(glance, std::chrono::ceil<milliseconds>(at_most - (now - begin))));
  }
  return {};
}

bool Measurement::has_moved(const Sums& before, const Sums& now) const {
  if (now.opened < plan_.options.sessions()) return now.opened != before.opened;
  return now.answered != before.answered || now.lost != before.lost || is_quiet(now);
}

// Nothing is under way. In mode connect a session that was lost has had its answer, too.
bool Measurement::is_quiet(const Sums& now) const {
  const bool storm = plan_.options.mode == BenchMode::connect;
  return now.answered + (storm ? now.lost : 0) >= now.sent;
}

// A signal ends it early.
void Measurement::rest(milliseconds time) {
  const timespec wait{.tv_sec = time.count() / 1000, .tv_nsec = time.count() % 1000 * 1'000'000};
  if (sigtimedwait(&signals_, nullptr, &wait) > 0) enough_ = true;
}

Sums Measurement::sums() const {
  Sums sum;
  for (const auto& worker : workers_) {
    const BenchCounts& counts = worker->crew().counts();
    sum.opened += counts.opened.now();
    sum.open += counts.open.now();
    sum.answered += counts.answered.now();
    sum.lost += counts.lost.now();
    sum.sent += counts.sent.now();
  }
  return sum;
}

Result<void> Measurement::failure() const {
  for (const auto& worker : workers_)
    if (auto why = worker->crew().failure(); !why.empty()) return Error{std::move(why)};
  return {};
}

void Measurement::show(std::string_view what, const Sums& now) {
  const auto at = clock_.now();
  const double seconds = std::chrono::duration<double>(at - shown_at_).count();
  const double rate = static_cast<double>(now.answered - shown_answered_) / seconds;
  shown_at_ = at;
  shown_answered_ = now.answered;
  if (watched_ == Watched::no) return;
  errors_ << fmt::format("\r\x1b[K{}: {} open, {} answered, {:.0f} per second", what, now.open,
                         now.answered, rate);
  errors_.flush();
}

void Measurement::clear_line() {
  if (watched_ == Watched::yes) errors_ << "\r\x1b[K" << std::flush;
}

}  // namespace

Exit bench(const BenchOptions& options, std::ostream& out, std::ostream& errors, Watched watched) {
  if (const auto fault = fault_in(options, net::raise_descriptor_limit()); !fault.empty()) {
    errors << "orrery bench: " << fault << '\n';
    return Exit::refused;
  }
  const auto target = parse_target(options.client.url);
  if (!target) {
    errors << "orrery bench: " << target.error() << '\n';
    return Exit::refused;
  }
  auto measured = [&] { return Measurement(options, *target, errors, watched).run(); }();
  if (!measured) {
    errors << "orrery bench: " << measured.error() << '\n';
    if (const auto advice = advice_on(measured.error()); !advice.empty())
      errors << "orrery bench: " << advice << '\n';
    return Exit::failed;
  }
  out << (options.json ? json_of(*measured) : table_of(*measured));
  out.flush();
  return measured->clean() ? Exit::ok : Exit::failed;
}

}  // namespace orrery::cli
