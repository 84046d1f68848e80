// A SessionActor is what a session has once it is more than frames in and frames out: an address,
// memberships, events that wait for their turn, a coroutine, a callback on a worker, timers.
//
// Owner   its Session, which makes it when it is first needed: a plain echo never has one.
// Thread  its loop's.
// Limit   letters that wait: the mailbox's; of ticks and drops that wait: one each.
// Why     one event at a time: while a callback is suspended, or runs on a worker, the session is
//         busy; what comes meanwhile waits here in order, and the client's bytes in the connection.
//
// session_actor.cpp: what waits and who is told; actor_coroutine.cpp; actor_worker.cpp;
// actor_registry.cpp: names and groups.
#pragma once

#include <array>
#include <boost/container/deque.hpp>
#include <coroutine>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actor/mailbox.h"
#include "base/function.h"
#include "net/timer_wheel.h"
#include "orrery/handler.h"
#include "orrery/session.h"
#include "registry/registry.h"

namespace orrery::server {

class Broadcast;
class LoopServer;
class Session;
class WorkerRun;

using NameCallback = std::function<void(orrery::Session&, const NameAnswer&)>;

/// The answer to a claim, for the function that was given with it.
struct NameAnswered {
  NameCallback then;
  NameAnswer answer;
};

/// What may have to wait until the callback before it has ended.
using Waiting = std::variant<std::unique_ptr<actor::Letter>, std::unique_ptr<NameAnswered>, Tick,
                             Drain, Dropped>;

/// What a coroutine is suspended in.
enum class Suspended : std::uint8_t { nowhere, receive, next, drained, sleep, name, worker };

class SessionActor {
 public:
  explicit SessionActor(Session& session) : session_(session), sleep_(*this), tick_(*this) {}
  ~SessionActor();

  // Who it is.
  [[nodiscard]] const std::shared_ptr<actor::Mailbox>& mailbox();
  [[nodiscard]] const actor::Mailbox* mailbox_if_any() const { return mailbox_.get(); }
  /// Payloads of letters that wait or are on their way, and of messages that were copied for a
  /// coroutine or a worker.
  [[nodiscard]] std::size_t held_bytes() const {
    const std::size_t letters = mailbox_ ? mailbox_->unpaid_bytes() : 0;
    return letters + copy_.size() + (working_ ? work_bytes_ : 0);
  }

  // Names and groups.
  void join(std::string_view group, std::string_view metadata);
  [[nodiscard]] Recovery join(std::string_view group, const Position& since,
                              std::string_view metadata);
  void leave(std::string_view group);
  [[nodiscard]] std::vector<Member> track(std::string_view group);
  void publish(std::string_view group, Message message, bool to_itself);
  void claim(std::string name, NameCallback then);
  [[nodiscard]] NameReleased release(std::string_view name);
  void name_answered(std::uint32_t claim, const NameAnswer& answer);

  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::vector<std::string> groups() const;

  // What comes from elsewhere.
  void receive(std::unique_ptr<actor::Letter> letter);
  void deliver(const registry::Publication& publication, Broadcast& broadcast);
  /// The handler hears of it now, or when its turn comes.
  void happened(Waiting event);
  /// Handles what waits, as far as the session is not busy.
  void pump();
  /// What goes straight to the client goes now, in its order, if any of it had to wait.
  void send_straight();
  void note_dropped(DropCause cause, std::uint64_t messages);

  // Around on_open: until what it sent itself has come, everything else waits.
  void begin_opening() { opening_ = true; }
  void end_opening();
  void gate_passed();

  /// A callback is suspended or runs on a worker: nothing else may be called.
  [[nodiscard]] bool busy() const;
  /// So no message can be taken from the client.
  [[nodiscard]] bool holds_reading() const { return opening_ || busy(); }

  // Coroutines.
  enum class Callback : std::uint8_t { on_open, other };
  /// Takes a callback that is a coroutine, and begins it.
  void run(detail::TaskHandle task, Callback which);
  /// Gives the client's message to a coroutine that waits for one. False: none does.
  [[nodiscard]] bool offer(Message message);
  /// A copy that lives until the coroutine ends or asks for the next message.
  [[nodiscard]] Message keep(Message message);
  [[nodiscard]] std::string_view keep(std::string_view text);
  /// What a callback that is a coroutine was given, for as long as it runs.
  template <typename T>
  [[nodiscard]] const T& hold(const T& argument) {
    return argument_.emplace<T>(argument);
  }
  /// A coroutine lives: no callback that is one can begin.
  [[nodiscard]] bool has_task() const { return task_ != nullptr; }
  [[nodiscard]] bool yields_end();
  void suspend(Suspended in, std::coroutine_handle<> waiter);
  void suspend_for(milliseconds time, std::coroutine_handle<> waiter);
  void suspend_for_name(std::string name, std::coroutine_handle<> waiter);
  void suspend_for_worker(std::function<void()> job, std::coroutine_handle<> waiter);
  [[nodiscard]] std::optional<Message> take_message();
  [[nodiscard]] std::optional<Event> take_event();
  [[nodiscard]] NameAnswer take_answer() { return std::move(answer_); }
  [[nodiscard]] bool awaits_flush() const { return suspended_ == Suspended::drained; }
  /// The outbox is empty: whoever waits for that goes on in the loop's next turn.
  void flushed();
  /// What was put off until this turn.
  void on_again();

  // Workers.
  /// `bytes`: what was copied for the callback.
  void work(Function<void(WorkerSession&)> callback, std::size_t bytes = 0);
  void worker_done(WorkerRun& run);
  [[nodiscard]] bool at_work() const { return working_ != nullptr; }
  /// A coroutine's on_workers() has ended; it says for which of its suspensions.
  void work_returned(std::uint32_t suspension);
  /// The pool's queue has room again.
  void room_for_work();
  /// The server ends: a callback that no worker has begun runs here.
  void finish_work_here();

  // Timers.
  void tick_every(milliseconds period);
  void post_after(milliseconds time, std::string text);

  /// The session has ended: its coroutine gets the empty value or is destroyed, what waits is
  /// dropped, everybody else hears `gone`.
  void end();
  /// Leaves its groups, gives its names back.
  void leave_all();

 private:
  /// A timer that calls one of its functions.
  template <void (SessionActor::*function)()>
  struct Alarm final : net::Timer {
    explicit Alarm(SessionActor& of) : actor(of) {}
    void on_timer(Time) override { (actor.*function)(); }
    SessionActor& actor;
  };
  /// A message that it sends itself later.
  struct Delayed final : net::Timer {
    Delayed(SessionActor& of, std::unique_ptr<actor::Letter> what)
        : actor(of), letter(std::move(what)) {}
    void on_timer(Time) override { actor.send_itself(*this); }
    SessionActor& actor;
    std::unique_ptr<actor::Letter> letter;
  };
  struct Joined {
    std::string name;
    std::shared_ptr<registry::Group> group;
  };
  /// A claim whose answer has not come; without a function a coroutine waits for it.
  struct Claiming {
    std::uint32_t number;
    std::string name;
    NameCallback then;
  };

  [[nodiscard]] LoopServer& server() const;
  [[nodiscard]] registry::Scope& scope() const;
  [[nodiscard]] Joined* find(std::string_view group);
  enum class Forgotten : std::uint8_t { all, numbered };  // those that a history has
  void forget_letters(std::string_view group, Forgotten which);
  void forget_loss(std::string_view name);
  /// `concerns` is asked about the content of each letter that waits.
  template <typename Concerns>
  void forget(const Concerns& concerns);
  std::uint32_t start_claim(std::string name, NameCallback then);

  void accept(std::unique_ptr<actor::Letter> letter);
  void wait_for_gate(std::unique_ptr<actor::Letter> letter, bool from_itself);
  void tell_refused();
  [[nodiscard]] bool takes_letters() const;
  [[nodiscard]] bool takes_name_lost() const;
  [[nodiscard]] bool may_handle(const Waiting& event) const;
  [[nodiscard]] std::optional<Waiting> take_next();
  void handle(Waiting event);
  void handle(std::unique_ptr<actor::Letter> letter);
  void handle(const std::unique_ptr<NameAnswered>& answered);
  void handle(Tick);
  void handle(Drain);
  void handle(Dropped dropped);
  void handle_on_worker(Waiting event);
  void handle_letter_on_worker(std::unique_ptr<actor::Letter> letter);
  void retry_work();
  void retry_job();
  void send_itself(Delayed& delayed);
  void slept();
  void ticked();

  void resume();
  void finish_task();
  void cancel_task();
  void release_copy();
  [[nodiscard]] Event event_of(Waiting& waiting);

  Session& session_;
  std::shared_ptr<actor::Mailbox> mailbox_{};
  std::vector<Joined> groups_{};
  std::vector<std::string> tracked_{};
  std::vector<Claiming> claims_{};
  std::uint32_t claims_made_ = 0;
  std::uint32_t awaited_claim_ = 0;  // by the coroutine

  boost::container::deque<Waiting> waiting_{};
  std::size_t waiting_from_itself_ = 0;  // of them, in front, while opening
  std::array<std::uint64_t, drop_causes> untold_{};
  bool opening_ = false;
  bool gate_posted_ = false;
  bool tick_waits_ = false;
  bool drops_untold_ = false;
  bool pumping_ = false;

  detail::TaskHandle task_{};         // the callback's coroutine
  std::coroutine_handle<> waiter_{};  // the innermost one, which goes on
  Suspended suspended_ = Suspended::nowhere;
  bool runs_ = false;       // now
  bool goes_on_ = false;    // its turn has come, in the loop's next one
  bool takes_all_ = false;  // it has asked for next()
  bool told_end_ = false;   // it has got the empty value
  bool task_is_open_ = false;
  std::optional<Message> message_{};         // that receive() yields
  std::optional<Event> expected_{};          // that next() yields
  std::string copy_{};                       // what the message views
  std::unique_ptr<actor::Letter> letter_{};  // what a server message or a presence views
  std::variant<std::monostate, Message, std::string_view, ServerMessage, Presence, Dropped>
      argument_{};
  NameAnswer answer_{NameAnswer::Kind::unavailable};

  std::shared_ptr<WorkerRun> working_{};  // a callback that is, or will be, on a worker
  std::size_t work_bytes_ = 0;
  bool under_way_ = false;         // it is; else it waits for room in the pool's queue
  Function<void()> job_{};         // a coroutine's, that waits for room
  std::uint32_t suspensions_ = 0;  // in a worker, so far

  Alarm<&SessionActor::slept> sleep_;
  Alarm<&SessionActor::ticked> tick_;
  milliseconds tick_period_{0};
  std::vector<std::unique_ptr<Delayed>> delayed_{};
};

}  // namespace orrery::server
