#include "actor/mailbox.h"

#include <fmt/format.h>

#include <utility>

namespace orrery::actor {
namespace {

// What a letter weighs against MailboxLimits::bytes: its payload.
std::size_t weight_of(const LetterContent& content) {
  if (const auto* text = std::get_if<TextLetter>(&content)) return text->payload.size();
  if (const auto* presence = std::get_if<PresenceLetter>(&content))
    return presence->metadata.size();
  return 0;
}

std::size_t paid_bytes_of(const LetterContent& content) {
  const auto* const text = std::get_if<TextLetter>(&content);
  return text ? text->payload.size() - text->payload.unpaid_bytes() : 0;
}

// At most so many bytes, and no half of a character.
std::string_view cut_at_character(std::string_view text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return text;
  while (most_bytes > 0 && (text[most_bytes] & 0xc0) == 0x80) --most_bytes;
  return text.substr(0, most_bytes);
}

}  // namespace

Letter::~Letter() {
  to_->give_back(bytes_, paid_bytes_of(content_));
}

SlotId Letter::to() const {
  return to_->session();
}

void Letter::run() {
  to_->door().receiver().receive(std::unique_ptr<Letter>(this));
}

std::unique_ptr<Letter> Mailbox::keep(LetterContent content) {
  const std::size_t bytes = weight_of(content);
  if (!take_place(bytes)) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    if (limits_.overflow == MailboxOverflow::close)
      close(CloseCause::Kind::slow_consumer, 1008, "mailbox full");
    return nullptr;
  }
  if (const auto paid = paid_bytes_of(content); paid > 0)
    paid_bytes_.fetch_add(paid, std::memory_order_relaxed);
  return std::make_unique<Letter>(shared_from_this(), std::move(content), bytes);
}

namespace {

// Adds `more` if the sum is not above `limit`.
bool add_within(std::atomic<std::size_t>& sum, std::size_t more, std::size_t limit) {
  std::size_t before = sum.load(std::memory_order_relaxed);
  do {
    if (before > limit || more > limit - before) return false;
  } while (!sum.compare_exchange_weak(before, before + more, std::memory_order_relaxed));
  return true;
}

}  // namespace

// What finds no room is never seen in the sums: the loop charges its session with them.
bool Mailbox::take_place(std::size_t bytes) {
  if (!add_within(count_, 1, limits_.count)) return false;
  if (add_within(bytes_, bytes, limits_.bytes)) return true;
  count_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void Mailbox::give_back(std::size_t bytes, std::size_t paid_bytes) {
  count_.fetch_sub(1, std::memory_order_relaxed);
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  if (paid_bytes > 0) paid_bytes_.fetch_sub(paid_bytes, std::memory_order_relaxed);
}

bool Mailbox::in_own_callback() const {
  if (door_->here() && door_->is_running(session_)) return true;
  return worker_.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

Posted Mailbox::post(LetterContent content) {
  if (!alive()) return Posted::gone;
  auto letter = keep(std::move(content));
  if (!letter) return Posted::full;
  letter->from_itself_ = in_own_callback();
  if (!door_->post(*letter)) return Posted::gone;
  (void)letter.release();  // it is its own from now on
  return Posted::queued;
}

Posted Mailbox::close(CloseCause::Kind kind, std::uint16_t code, std::string_view reason) {
  if (!alive()) return Posted::gone;
  if (close_asked_.exchange(true)) return Posted::queued;
  closing_.kind_ = kind;
  closing_.code_ = code;
  reason = cut_at_character(reason, closing_.reason_.size());
  closing_.reason_bytes_ =
      static_cast<std::uint8_t>(reason.copy(closing_.reason_.data(), reason.size()));
  closing_.keeps_ = shared_from_this();
  if (door_->post(closing_)) return Posted::queued;
  closing_.keeps_.reset();
  return Posted::gone;
}

void Mailbox::Closing::run() {
  const auto kept = std::move(keeps_);
  const std::string_view reason(reason_.data(), reason_bytes_);
  mailbox_.door().receiver().close(mailbox_.session(), CloseCause{kind_, code_, reason});
}

std::string Mailbox::id() const {
  return fmt::format("{}.{}.{}", door_->loop(), session_.slot, session_.generation);
}

}  // namespace orrery::actor

namespace orrery {

Posted Address::send(std::string_view text) const {
  return send(Message(MessageType::text, text));
}

Posted Address::send(Message message) const {
  if (!mailbox_ || !mailbox_->alive()) return Posted::gone;
  const SharedBytes payload{std::string(message.payload())};
  return mailbox_->post(actor::TextLetter{message.type(), payload});
}

Posted Address::close(std::uint16_t code, std::string_view reason) const {
  if (!mailbox_) return Posted::gone;
  return mailbox_->close(CloseCause::Kind::server, code, reason);
}

bool Address::alive() const {
  return mailbox_ && mailbox_->alive();
}

std::string Address::id() const {
  return mailbox_ ? mailbox_->id() : "nobody";
}

}  // namespace orrery
