// A Crew is one thread's share of a load: its sessions, its schedule, and what came of them.
//
// Owner   `bench`, one per thread; it outlives its sessions, which it owns.
// Thread  its loop's, but counts() and failure(), which are for any.
// Limit   at most `opening_at_once` sessions are being opened at a time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.h"
#include "cli/bench_counts.h"
#include "cli/bench_options.h"
#include "cli/dialer.h"
#include "cli/frame_press.h"
#include "cli/histogram.h"
#include "cli/opening.h"
#include "cli/publications.h"
#include "cli/schedule.h"
#include "net/loop.h"

namespace orrery::cli {

class BenchSession;
class ClientConnection;

/// What all crews work on; it does not change while they do.
struct BenchPlan {
  BenchOptions options{};
  OpeningPlan opening{};
  Payload payload{websocket::Opcode::text, 0};
  Publications* publications = nullptr;  // of a fan-out
};

/// What happened to sessions that ended before their time: how often, in words.
using Endings = std::map<std::string, std::uint64_t>;

class Crew final : private net::TurnEndHook {
 public:
  static constexpr std::size_t opening_at_once = 128;

  struct Environment {
    net::Loop& loop;
    const FineClock& clock;
    Random& random;
    Dialer& dialer;
    Dialer& slow_dialer;
  };
  /// The `index`-th of options.threads: it takes every so many-th session.
  Crew(const BenchPlan& plan, std::size_t index, const Environment& environment);
  ~Crew();

  // The life of a load, in this order.
  void open_sessions();
  /// `step`: what falls due within it goes out together (open loop).
  void begin(Nanoseconds step = Nanoseconds{0});
  void measure() { measured_from_ = clock().now(); }
  /// Nothing new is sent; what is under way is still waited for.
  void stop();
  void say_goodbye();

  /// Sends what is due by now; when the next is due, or Nanoseconds::max() for never.
  Nanoseconds send_due();
  /// Publications reached everybody: the publisher may go on. Any thread, if it is not this one's
  /// by way of the loop's inbox.
  void on_reached(std::uint64_t publications);
  /// Whom this crew's members tell; itself unless it is said.
  void publisher_is_in(Crew& crew) { publisher_crew_ = &crew; }

  // For its sessions.
  [[nodiscard]] const BenchPlan& plan() const { return plan_; }
  [[nodiscard]] const Schedule& schedule() const { return schedule_; }
  [[nodiscard]] const FineClock& clock() const { return environment_.clock; }
  [[nodiscard]] net::Loop& loop() { return environment_.loop; }
  [[nodiscard]] Random& random() { return environment_.random; }
  [[nodiscard]] Dialer& dialer() { return environment_.dialer; }
  [[nodiscard]] Dialer& slow_dialer() { return environment_.slow_dialer; }
  [[nodiscard]] FramePress& press() { return press_; }
  [[nodiscard]] websocket::DeflateEngine& engine() { return engine_; }
  [[nodiscard]] bool sending() const { return sending_; }
  [[nodiscard]] bool leaving() const { return leaving_; }
  [[nodiscard]] Crew& publisher_crew() { return *publisher_crew_; }
  /// How many sessions the schedule takes turns with.
  [[nodiscard]] std::size_t senders() const { return senders_.size(); }
  /// When the n-th message is due of the session whose first one has the number `first`.
  [[nodiscard]] Nanoseconds due_at(std::uint64_t first, std::uint64_t n) const {
    return schedule_.due_at(first + n * senders());
  }
  /// `since`: what it is counted from. In a closed loop those count that are answered while it is
  /// measured, in an open one those that were due.
  void record(Nanoseconds since, Nanoseconds now, std::uint64_t count = 1) {
    const Nanoseconds decides = schedule_.is_open_loop() ? since : now;
    if (decides >= measured_from_ && decides < measured_until_)
      latencies_.record(now - since, count);
  }
  void record_last(Nanoseconds since, Nanoseconds now);
  void on_session_open();
  /// It was open (or not yet), and is gone; `why` if nobody here wanted that.
  void on_session_end(bool was_open, const std::string& why, bool slow);
  /// Ends the whole measurement: an answer was wrong, a session refused.
  void fail(const std::string& why);
  /// Destroys it at the end of the turn.
  void bury(std::unique_ptr<ClientConnection> connection);

  [[nodiscard]] BenchCounts& counts() { return counts_; }
  [[nodiscard]] const BenchCounts& counts() const { return counts_; }
  /// Empty while all is well.
  [[nodiscard]] std::string failure() const;

  // When the loop has ended.
  [[nodiscard]] const Histogram& latencies() const { return latencies_; }
  [[nodiscard]] const Histogram& last_latencies() const { return last_latencies_; }
  [[nodiscard]] const Endings& endings() const { return endings_; }
  [[nodiscard]] const Endings& slow_endings() const { return slow_endings_; }

 private:
  void on_turn_end() override;
  void make_sessions(std::size_t index);
  void open_more();

  const BenchPlan& plan_;
  const Environment environment_;
  websocket::DeflateEngine engine_{};
  FramePress press_;
  std::vector<std::unique_ptr<BenchSession>> sessions_{};
  std::vector<BenchSession*> senders_{};  // to whom the schedule gives messages, in turn
  std::size_t next_to_open_ = 0;
  std::size_t opening_ = 0;
  Schedule schedule_{};
  std::uint64_t given_ = 0;  // messages of the schedule so far
  Nanoseconds measured_from_ = Nanoseconds::max();
  Nanoseconds measured_until_ = Nanoseconds::max();
  bool sending_ = false;
  bool leaving_ = false;
  Crew* publisher_crew_ = nullptr;
  BenchCounts counts_{};
  Histogram latencies_{};
  Histogram last_latencies_{};
  Endings endings_{};
  Endings slow_endings_{};
  std::vector<std::unique_ptr<ClientConnection>> buried_{};
  mutable std::mutex failure_mutex_{};
  std::string failure_{};
};

}  // namespace orrery::cli
