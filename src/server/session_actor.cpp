// What comes to a session from elsewhere: who hears of it, and what has to wait.
#include "server/session_actor.h"

#include <algorithm>
#include <utility>

#include "server/broadcast.h"
#include "server/session_calls.h"
#include "server/worker_run.h"

namespace orrery::server {

namespace {

// So many events that waited are handled in one go, then the loop's others have their turn.
constexpr int events_per_turn = 1000;

}  // namespace

SessionActor::~SessionActor() {
  if (task_) task_.destroy();
}

LoopServer& SessionActor::server() const {
  return session_.server();
}

const std::shared_ptr<actor::Mailbox>& SessionActor::mailbox() {
  if (mailbox_) return mailbox_;
  const Limits& limits = session_.limits();
  mailbox_ = std::make_shared<actor::Mailbox>(
      server().door(), session_.id(),
      actor::MailboxLimits{limits.mailbox_count, limits.mailbox_bytes, limits.mailbox_overflow});
  if (!session_.is_open()) mailbox_->end();
  return mailbox_;
}

bool SessionActor::busy() const {
  if (working_) return true;
  return task_ && suspended_ != Suspended::receive && suspended_ != Suspended::next;
}

// Whether server messages are the handler's; else they go straight to the client.
bool SessionActor::takes_letters() const {
  const RouteSpec& route = session_.route();
  return takes_all_ || route.operations.on_server_message ||
         route.worker_operations.on_server_message;
}

bool SessionActor::takes_name_lost() const {
  const RouteSpec& route = session_.route();
  return takes_all_ || route.operations.on_name_lost || route.worker_operations.on_name_lost;
}

// What the session sent itself comes before everything that others have sent meanwhile.
void SessionActor::receive(std::unique_ptr<actor::Letter> letter) {
  if (!session_.is_open()) return session_.count_dropped(DropCause::closed);
  tell_refused();
  const bool name_lost = std::holds_alternative<actor::NameLostLetter>(letter->content());
  if (name_lost && !takes_name_lost()) return handle(std::move(letter));  // busy or not, it ends
  if (!opening_) return accept(std::move(letter));
  const bool from_itself = letter->from_itself();
  wait_for_gate(std::move(letter), from_itself);
}

void SessionActor::wait_for_gate(std::unique_ptr<actor::Letter> letter, bool from_itself) {
  if (!from_itself) return waiting_.push_back(std::move(letter));
  const auto behind = waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_from_itself_++);
  waiting_.insert(behind, std::move(letter));
}

void SessionActor::accept(std::unique_ptr<actor::Letter> letter) {
  const auto& content = letter->content();
  const bool straight = std::holds_alternative<actor::TextLetter>(content) && !takes_letters();
  if (straight) return handle(std::move(letter));
  happened(std::move(letter));
}

// A member of a group: nothing is allocated for one that can be told at once.
void SessionActor::deliver(const registry::Publication& publication, Broadcast& broadcast) {
  if (!session_.is_open()) return session_.count_dropped(DropCause::closed);
  const auto& operation = session_.route().operations.on_server_message;
  if (!opening_ && !takes_letters()) return session_.send_broadcast(broadcast);
  const bool at_once = operation && !operation.waits && !opening_ && waiting_.empty() && !busy() &&
                       suspended_ != Suspended::next;
  if (at_once) {
    const ServerMessage message(publication.type(), publication.payload().view(),
                                publication.group().name(), publication.position());
    return session_.call(operation, message);
  }
  auto letter = mailbox()->keep(
      actor::TextLetter{publication.type(), broadcast.payload(session_.pool().ledger()),
                        publication.group().name(), publication.position()});
  if (!letter) return session_.told_dropped(DropCause::mailbox_full, mailbox_->take_refused());
  if (opening_)
    wait_for_gate(std::move(letter), publication.is_from(session_.id()));
  else
    happened(std::move(letter));
}

void SessionActor::happened(Waiting event) {
  if (!session_.is_open()) return;
  if (std::holds_alternative<Tick>(event) && std::exchange(tick_waits_, true)) return;
  waiting_.push_back(std::move(event));
  pump();
}

// A coroutine in receive() leaves all else to the other callbacks, but for those that are
// coroutines themselves: there is one at a time.
bool SessionActor::may_handle(const Waiting& event) const {
  if (!task_ || suspended_ == Suspended::next) return true;
  const auto& operations = session_.route().operations;
  struct Waits {
    const detail::HandlerOperations& of;
    bool operator()(const std::unique_ptr<actor::Letter>& letter) const {
      return std::visit(*this, letter->content());
    }
    bool operator()(const actor::TextLetter&) const { return of.on_server_message.waits; }
    bool operator()(const actor::PresenceLetter&) const { return of.on_presence.waits; }
    bool operator()(const actor::NameLostLetter&) const { return of.on_name_lost.waits; }
    bool operator()(const std::unique_ptr<NameAnswered>&) const { return false; }
    bool operator()(Tick) const { return of.on_tick.waits; }
    bool operator()(Drain) const { return of.on_drain.waits; }
    bool operator()(Dropped) const { return of.on_dropped.waits; }
  };
  return !std::visit(Waits{operations}, event);
}

void SessionActor::pump() {
  if (std::exchange(pumping_, true)) return;
  int budget = events_per_turn;
  while (!opening_ && session_.is_open()) {
    if (--budget < 0) {
      session_.again();  // the others have their share, too
      break;
    }
    auto event = take_next();
    if (!event) break;
    if (std::holds_alternative<Tick>(*event)) tick_waits_ = false;
    handle(std::move(*event));
  }
  pumping_ = false;
  tell_refused();
  if (drops_untold_ && !opening_ && !busy()) session_.again();
  if (session_.is_open()) session_.settle_account();
  session_.read_if_free();
}

// The first that may be handled now. Under a coroutine in receive() those whose callback is one too
// stay behind, and hold up nobody else.
std::optional<Waiting> SessionActor::take_next() {
  if (busy()) return std::nullopt;
  const auto next =
      std::ranges::find_if(waiting_, [&](const auto& each) { return may_handle(each); });
  if (next == waiting_.end()) return std::nullopt;
  Waiting event = std::move(*next);
  waiting_.erase(next);
  return event;
}

// With the handler's callbacks they have nothing to do, so they need not wait for those. A
// coroutine of on_open that listens to nothing yet may ask for them in next().
void SessionActor::send_straight() {
  const bool undecided = opening_ && task_ && suspended_ != Suspended::receive;
  if (takes_letters() || undecided) return;
  const auto straight = [](const Waiting& event) {
    const auto* const letter = std::get_if<std::unique_ptr<actor::Letter>>(&event);
    return letter && std::holds_alternative<actor::TextLetter>((*letter)->content());
  };
  for (Waiting& event : waiting_) {
    if (!straight(event)) continue;
    const auto& letter = std::get<std::unique_ptr<actor::Letter>>(event);
    const auto& text = std::get<actor::TextLetter>(letter->content());
    session_.send_data(static_cast<websocket::Opcode>(text.type), text.payload.view(), {});
  }
  waiting_.erase(std::ranges::remove_if(waiting_, straight).begin(), waiting_.end());
}

// Letters that found the mailbox full.
void SessionActor::tell_refused() {
  const std::uint64_t lost = mailbox_ ? mailbox_->take_refused() : 0;
  if (lost > 0) session_.told_dropped(DropCause::mailbox_full, lost);
}

void SessionActor::handle(Waiting event) {
  if (task_ && suspended_ == Suspended::next &&
      !std::holds_alternative<std::unique_ptr<NameAnswered>>(event)) {
    expected_ = event_of(event);
    return resume();
  }
  if (session_.route().on_workers) return handle_on_worker(std::move(event));
  std::visit([this](auto&& one) { handle(std::forward<decltype(one)>(one)); }, std::move(event));
}

void SessionActor::handle(std::unique_ptr<actor::Letter> letter) {
  const auto& operations = session_.route().operations;
  const actor::Letter& read = *letter;
  if (task_ == nullptr) letter_ = std::move(letter);  // a coroutine may look at it for long
  if (const auto* text = std::get_if<actor::TextLetter>(&read.content())) {
    if (operations.on_server_message)
      session_.call(operations.on_server_message,
                    ServerMessage(text->type, text->payload.view(), text->group, text->position));
    else
      session_.send_data(static_cast<websocket::Opcode>(text->type), text->payload.view(), {});
  } else if (const auto* presence = std::get_if<actor::PresenceLetter>(&read.content())) {
    session_.call(operations.on_presence,
                  Presence{presence->kind, presence->group, presence->who, presence->metadata});
  } else if (const auto* lost = std::get_if<actor::NameLostLetter>(&read.content())) {
    if (operations.on_name_lost)
      session_.call(operations.on_name_lost, std::string_view(lost->name));
    else
      session_.begin_close(CloseCause::Kind::name_lost, 4000, "name taken over");
  }
  if (!task_) letter_.reset();
}

void SessionActor::handle(const std::unique_ptr<NameAnswered>& answered) {
  session_.guarded([&] { answered->then(session_, answered->answer); });
}
void SessionActor::handle(Tick) {
  session_.call(session_.route().operations.on_tick);
}
void SessionActor::handle(Drain) {
  session_.call(session_.route().operations.on_drain);
}
void SessionActor::handle(Dropped dropped) {
  session_.call(session_.route().operations.on_dropped, dropped);
}

// What next() yields; what it views lives until the coroutine asks again.
Event SessionActor::event_of(Waiting& waiting) {
  if (auto* letter = std::get_if<std::unique_ptr<actor::Letter>>(&waiting)) {
    letter_ = std::move(*letter);
    const auto& content = letter_->content();
    if (const auto* text = std::get_if<actor::TextLetter>(&content))
      return ServerMessage(text->type, text->payload.view(), text->group, text->position);
    if (const auto* presence = std::get_if<actor::PresenceLetter>(&content))
      return Presence{presence->kind, presence->group, presence->who, presence->metadata};
    const auto& lost = std::get<actor::NameLostLetter>(content);
    return NameLost{lost.name};
  }
  if (const auto* dropped = std::get_if<Dropped>(&waiting)) return *dropped;
  if (std::holds_alternative<Drain>(waiting)) return Drain{};
  return Tick{};
}

void SessionActor::note_dropped(DropCause cause, std::uint64_t messages) {
  untold_[static_cast<std::size_t>(cause)] += messages;
  drops_untold_ = true;
  session_.again();
}

// In the turn after: no call of the session's may call back before it returns.
void SessionActor::on_again() {
  const bool tell = drops_untold_ && !opening_ && !busy();
  if (tell) drops_untold_ = false;
  for (std::size_t cause = 0; tell && cause < untold_.size(); ++cause)
    if (const auto messages = std::exchange(untold_[cause], 0); messages > 0)
      happened(Dropped{static_cast<DropCause>(cause), messages});
  if (goes_on_ && session_.is_open()) resume();
  pump();
}

// Everything that on_open sent itself is in the loop's inbox by now: the gate comes behind it.
void SessionActor::end_opening() {
  if (!opening_ || gate_posted_) return;
  if (!mailbox_) {
    opening_ = false;
    return;
  }
  gate_posted_ = true;
  server().post_gate(session_.id());
}

void SessionActor::gate_passed() {
  opening_ = false;
  waiting_from_itself_ = 0;
  send_straight();
  pump();
}

void SessionActor::tick_every(milliseconds period) {
  tick_period_ = period;
  net::TimerWheel::cancel(tick_);
  if (period.count() > 0 && session_.is_open())
    server().loop().timers().arm(tick_, server().loop().now() + period);
}

void SessionActor::ticked() {
  server().loop().timers().arm(tick_, server().loop().now() + tick_period_);
  happened(Tick{});
}

// It has its place in the mailbox from now on: so there is a limit to them.
void SessionActor::post_after(milliseconds time, std::string text) {
  if (!session_.is_open()) return session_.count_dropped(DropCause::closed);
  const SharedBytes payload{std::move(text)};
  auto letter = mailbox()->keep(actor::TextLetter{MessageType::text, payload});
  if (!letter) return tell_refused();
  delayed_.push_back(std::make_unique<Delayed>(*this, std::move(letter)));
  server().loop().timers().arm(*delayed_.back(), server().loop().now() + time);
}

void SessionActor::send_itself(Delayed& delayed) {
  auto letter = std::move(delayed.letter);
  std::erase_if(delayed_, [&](const auto& each) { return each.get() == &delayed; });
  receive(std::move(letter));
}

void SessionActor::end() {
  if (mailbox_) mailbox_->end();
  tell_refused();
  net::TimerWheel::cancel(tick_);
  delayed_.clear();
  claims_.clear();  // one that is won now is given back by the loop's server
  cancel_task();
  for (const Waiting& event : waiting_)
    if (std::holds_alternative<std::unique_ptr<actor::Letter>>(event))
      session_.count_dropped(DropCause::closed);
  waiting_.clear();
  opening_ = false;
}

}  // namespace orrery::server
