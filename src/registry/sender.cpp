// The methods of orrery::Sender: see orrery/address.h.

#include <string>

#include "orrery/address.h"
#include "registry/registry.h"

namespace orrery {
namespace {

SharedBytes copy_of(Message message) {
  return SharedBytes(std::string(message.payload()));
}

}  // namespace

NamePosted Sender::send_to_name(std::string_view name, std::string_view text) const {
  return send_to_name(name, Message(MessageType::text, text));
}

NamePosted Sender::send_to_name(std::string_view name, Message message) const {
  if (scope_ == nullptr) return NamePosted::no_such_name;
  return scope_->names().send_now(name, {message.type(), copy_of(message)});
}

std::optional<Address> Sender::find(std::string_view name) const {
  return scope_ ? scope_->names().find(name) : std::nullopt;
}

std::size_t Sender::publish(std::string_view group, std::string_view text,
                            const Address& except) const {
  return publish(group, Message(MessageType::text, text), except);
}

std::size_t Sender::publish(std::string_view group, Message message, const Address& except) const {
  return scope_ ? scope_->publish(group, message.type(), copy_of(message), except) : 0;
}

void Sender::keep_history(std::string_view group, const History& history) const {
  if (scope_) scope_->keep_history(group, history);
}

Gathered<std::vector<Member>> Sender::members(std::string_view group) const {
  if (scope_ == nullptr) return {{}, false};
  return scope_->members(group);
}

Gathered<std::size_t> Sender::count(std::string_view group) const {
  if (scope_ == nullptr) return {0, false};
  return scope_->count(group);
}

}  // namespace orrery
