// A session's names and groups.
#include <algorithm>
#include <utility>

#include "server/loop_server.h"
#include "server/session.h"
#include "server/session_actor.h"

namespace orrery::server {

namespace {

registry::Conflict conflict_of(NameConflict policy) {
  return policy == NameConflict::replace ? registry::Conflict::replace : registry::Conflict::refuse;
}

}  // namespace

registry::Scope& SessionActor::scope() const {
  return server().scope_of(session_.pool());
}

SessionActor::Joined* SessionActor::find(std::string_view group) {
  const auto found = std::ranges::find(groups_, group, &Joined::name);
  return found == groups_.end() ? nullptr : &*found;
}

void SessionActor::join(std::string_view group, std::string_view metadata) {
  if (!session_.is_open() || find(group)) return;
  auto record = scope().join(group, Address(mailbox()), metadata);
  groups_.push_back({std::string(group), std::move(record)});
}

Recovery SessionActor::join(std::string_view group, const Position& since,
                            std::string_view metadata) {
  if (!session_.is_open()) return {Recovery::Kind::gap, {}, {}};
  forget_letters(group, Forgotten::numbered);  // the answer says what they do, or that it can't
  auto joined = scope().join_since(group, Address(mailbox()), since, metadata);
  if (!find(group)) groups_.push_back({std::string(group), std::move(joined.group)});
  return std::move(joined.recovery);
}

void SessionActor::leave(std::string_view group) {
  Joined* const joined = find(group);
  if (!joined) return;
  const auto record = std::move(joined->group);
  std::erase_if(groups_, [&](const Joined& each) { return each.name == group; });
  scope().leave(*record, Address(mailbox()));
  forget_letters(group, Forgotten::all);
}

// Nothing of a group comes after the session has left it.
void SessionActor::forget_letters(std::string_view group, Forgotten which) {
  forget([&](const actor::LetterContent& content) {
    const auto* const text = std::get_if<actor::TextLetter>(&content);
    if (!text || text->group != group) return false;
    return which == Forgotten::all || text->position != Position{};
  });
}

// The answer to an awaited claim overtakes what waits until the coroutine has ended: a loss from
// before it would be taken for one from behind it.
void SessionActor::forget_loss(std::string_view name) {
  forget([&](const actor::LetterContent& content) {
    const auto* const lost = std::get_if<actor::NameLostLetter>(&content);
    return lost && lost->name == name;
  });
}

template <typename Concerns>
void SessionActor::forget(const Concerns& concerns) {
  for (std::size_t i = waiting_.size(); i > 0; --i) {
    const auto* const letter = std::get_if<std::unique_ptr<actor::Letter>>(&waiting_[i - 1]);
    if (!letter || !concerns((*letter)->content())) continue;
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i - 1));
    if (i - 1 < waiting_from_itself_) --waiting_from_itself_;
  }
}

std::vector<Member> SessionActor::track(std::string_view group) {
  if (!session_.is_open()) return {};
  if (std::ranges::find(tracked_, group) == tracked_.end()) tracked_.emplace_back(group);
  return scope().track(group, Address(mailbox()));
}

// Whoever is a member publishes without looking for the group.
void SessionActor::publish(std::string_view group, Message message, bool to_itself) {
  if (!session_.may_publish()) return session_.count_dropped(DropCause::closed);
  const SharedBytes payload{std::string(message.payload())};
  const Address except = to_itself ? Address() : Address(mailbox());
  if (Joined* const joined = find(group))
    scope().publish(*joined->group, message.type(), payload, except);
  else
    scope().publish(group, message.type(), payload, except);
}

std::uint32_t SessionActor::start_claim(std::string name, NameCallback then) {
  const std::uint32_t number = ++claims_made_;
  claims_.push_back({number, name, std::move(then)});
  scope().names().claim(name, Address(mailbox()), conflict_of(session_.route().name_conflict),
                        [to = mailbox(), &loop = server(), number](const NameAnswer& answer) {
                          loop.name_answered(*to, number, answer);
                        });
  return number;
}

void SessionActor::claim(std::string name, NameCallback then) {
  if (session_.is_open()) start_claim(std::move(name), std::move(then));
}

void SessionActor::suspend_for_name(std::string name, std::coroutine_handle<> waiter) {
  suspend(Suspended::name, waiter);
  awaited_claim_ = start_claim(std::move(name), {});
}

void SessionActor::name_answered(std::uint32_t number, const NameAnswer& answer) {
  const auto at = std::ranges::find(claims_, number, &Claiming::number);
  if (at == claims_.end()) return;
  auto [_, name, then] = std::move(*at);
  claims_.erase(at);
  if (then) return happened(std::make_unique<NameAnswered>(NameAnswered{std::move(then), answer}));
  if (suspended_ != Suspended::name || number != awaited_claim_) return;
  if (answer) forget_loss(name);
  answer_ = answer;
  resume();
  pump();
}

NameReleased SessionActor::release(std::string_view name) {
  if (!mailbox_) return NameReleased::not_held;
  return scope().names().release(name, Address(mailbox_));
}

std::vector<std::string> SessionActor::names() const {
  return mailbox_ ? scope().names().held_by(Address(mailbox_)) : std::vector<std::string>();
}

std::vector<std::string> SessionActor::groups() const {
  std::vector<std::string> names;
  for (const Joined& joined : groups_) names.push_back(joined.name);
  return names;
}

void SessionActor::leave_all() {
  if (!mailbox_) return;
  const Address self(mailbox_);
  for (const Joined& joined : groups_) scope().leave(*joined.group, self);
  for (const std::string& group : tracked_) scope().untrack(group, self);
  groups_.clear();
  tracked_.clear();
  scope().names().release_all(self);
}

}  // namespace orrery::server
