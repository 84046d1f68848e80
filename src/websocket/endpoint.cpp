#include "websocket/endpoint.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

#include "websocket/close_code.h"
#include "websocket/utf8.h"

namespace orrery::websocket {
namespace {

constexpr Time never = Time::min();

constexpr Fault bad_text{1007, "text is not UTF-8"};  // §8.1

std::string_view view(std::span<const char> bytes) {
  return {bytes.data(), bytes.size()};
}

std::optional<Fault> fault_of(Inflated result) {
  switch (result) {
    case Inflated::fine: return std::nullopt;
    case Inflated::too_big: return Fault{1009, "message too big"};
    case Inflated::broken: break;
  }
  return Fault{1007, "compressed data is broken"};
}

}  // namespace

// What is kept of an unfinished message, and of an unfinished control frame in the midst of it.
struct Endpoint::Assembly {
  GrowingBuffer message;
  std::uint64_t payload_bytes = 0;  // on the wire, of all fragments so far
  std::uint32_t fragments = 0;
  Utf8Validator text;
  Opcode opcode = Opcode::text;
  bool open = false;
  bool compressed = false;
  std::uint8_t control_bytes = 0;
  std::array<char, 125> control;  // §5.5
};

Endpoint::Endpoint(Role role, std::uint64_t message_bytes, std::unique_ptr<Deflate> deflate)
    : deflate_(std::move(deflate)), message_bytes_(message_bytes), started_(never), role_(role) {}
Endpoint::~Endpoint() = default;
Endpoint::Endpoint(Endpoint&&) noexcept = default;
Endpoint& Endpoint::operator=(Endpoint&&) noexcept = default;

Event Endpoint::judge_text(const WholeMessage& whole) {
  if (!is_utf8(whole.payload)) return fail(bad_text);
  return MessageArrived{whole.opcode, whole.payload};
}

Event Endpoint::next_in_steps(std::span<char>& input, Time now, std::uint32_t most_fragments) {
  if (delivered_ != Delivered::nothing || ended_) {
    forget_delivered();
    if (takes_whole())
      if (const auto whole = decoder_.take_whole(input, message_bytes_)) return judge(*whole);
  }
  while (!ended_ && !(input.empty() && !decoder_.in_frame())) {
    if (!decoder_.in_frame()) {
      if (started_ == never) started_ = now;
      if (!decoder_.take_head(input)) return NeedMore{};
      if (const auto fault = head_fault()) return fail(*fault);
    }
    if (input.empty() && decoder_.remaining_bytes() > 0) return NeedMore{};
    const Event event =
        is_control(decoder_.head().opcode) ? take_control(input) : take_data(input, most_fragments);
    if (!std::holds_alternative<NeedMore>(event)) return event;
  }
  input = {};
  return NeedMore{};
}

std::span<char> Endpoint::place_for_rest() {
  constexpr std::size_t worth_it_bytes = 4096;
  const bool in_plain_data = !ended_ && message_open() && !assembly_->compressed &&
                             decoder_.in_frame() && !is_control(decoder_.head().opcode);
  if (!in_plain_data) return {};
  const std::span<char> room = assembly_->message.room_there_is();
  const auto bytes = std::min<std::uint64_t>(room.size(), decoder_.remaining_bytes());
  return room.first(bytes < worth_it_bytes ? 0 : static_cast<std::size_t>(bytes));
}

std::optional<Time> Endpoint::message_started() const {
  if (started_ == never) return std::nullopt;
  return started_;
}

std::size_t Endpoint::buffered_bytes() const {
  const std::size_t assembled = assembly_ ? sizeof(Assembly) + assembly_->message.capacity() : 0;
  return assembled + (deflate_ ? deflate_->memory_bytes() : 0);
}

void Endpoint::hibernate() {
  forget_delivered();
  if (deflate_) deflate_->hibernate();
}

// What the last event pointed to is not needed any more.
void Endpoint::forget_delivered() {
  const Delivered delivered = std::exchange(delivered_, Delivered::nothing);
  if (delivered == Delivered::scratch) deflate_->trim_scratch();
  if (ended_ || delivered == Delivered::assembly) assembly_.reset();
  if (delivered == Delivered::control && !message_open()) assembly_.reset();
}

Event Endpoint::fail(Fault fault) {
  ended_ = true;
  started_ = never;
  return fault;
}

std::optional<Fault> Endpoint::head_fault() const {
  FrameContext context{.role = role_, .deflate = deflate_ != nullptr};
  context.message_bytes = message_bytes_;
  if (message_open()) {
    context.open = true;
    context.compressed = assembly_->compressed;
    context.payload_bytes = assembly_->payload_bytes;
    context.fragments = assembly_->fragments;
  }
  if (const auto fault = fault_in(decoder_.head(), context)) return fault;
  if (decoder_.bad_length()) return Fault{1002, "length not in its shortest form"};  // §5.2
  return std::nullopt;
}

Event Endpoint::take_control(std::span<char>& input) {
  const bool begins = decoder_.at_first_byte();
  const std::span<char> piece = decoder_.take_payload(input);
  if (begins && !decoder_.in_frame()) return control_event(view(piece));

  Assembly& kept = assembly();
  if (begins) kept.control_bytes = 0;
  std::copy(piece.begin(), piece.end(), kept.control.data() + kept.control_bytes);
  kept.control_bytes = static_cast<std::uint8_t>(kept.control_bytes + piece.size());
  if (decoder_.in_frame()) return NeedMore{};
  delivered_ = Delivered::control;
  return control_event({kept.control.data(), kept.control_bytes});
}

Event Endpoint::control_event(std::string_view payload) {
  if (!message_open()) started_ = never;
  if (decoder_.head().opcode == Opcode::ping) return PingArrived{payload};
  if (decoder_.head().opcode == Opcode::pong) return PongArrived{payload};

  if (payload.size() == 1) return fail({1002, "close frame of one byte"});  // §5.5.1
  std::uint16_t code = 0;
  if (!payload.empty()) {
    code = static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload[0]) << 8 |
                                      static_cast<std::uint8_t>(payload[1]));
    if (!is_valid_received(code)) return fail({1002, "bad close code"});  // §7.4
    payload.remove_prefix(2);
    if (!is_utf8(payload)) return fail({1007, "close reason is not UTF-8"});  // §5.5.1
  }
  ended_ = true;
  started_ = never;
  return CloseArrived{code, payload};
}

Event Endpoint::take_data(std::span<char>& input, std::uint32_t most_fragments) {
  const FrameHead& head = decoder_.head();
  const bool begins = decoder_.at_first_byte();
  const PayloadPiece piece = decoder_.take_payload(input);
  const bool last = head.fin && !decoder_.in_frame();
  if (begins && last && starts_message(head.opcode)) return whole_message(piece);

  Assembly& message = assembly();
  if (begins && starts_message(head.opcode)) {
    message.open = true;
    message.opcode = head.opcode;
    message.compressed = head.rsv == rsv1;
  }
  if (begins) {
    ++message.fragments;
    message.payload_bytes += head.payload_bytes;
  }
  if (most_fragments > 0 && message.fragments > most_fragments)
    return fail({1009, "too many fragments"});
  if (const auto fault = add_piece(message, piece)) return fail(*fault);
  if (!last) return NeedMore{};

  if (const auto fault = end_message(message)) return fail(*fault);
  message.open = false;
  started_ = never;
  delivered_ = Delivered::assembly;
  return MessageArrived{message.opcode, message.message.view()};
}

// All of a message in one piece: no assembly.
Event Endpoint::whole_message(PayloadPiece piece) {
  const Opcode opcode = decoder_.head().opcode;
  std::string_view payload = view(piece);
  if (decoder_.head().rsv == rsv1) {
    GrowingBuffer& inflated = deflate_->scratch();
    inflated.clear();
    delivered_ = Delivered::scratch;
    auto result = deflate_->inflate(payload, inflated, message_bytes_);
    if (result == Inflated::fine) result = deflate_->finish(inflated, message_bytes_);
    payload = inflated.view();
    // What came before the fault is judged first, as it is when it arrives in pieces.
    Utf8Validator text;
    if (opcode == Opcode::text && !text.feed(payload)) return fail(bad_text);
    if (const auto fault = fault_of(result)) return fail(*fault);
    if (!text.complete()) return fail(bad_text);
  } else if (opcode == Opcode::text && !piece.ascii && !is_utf8(payload)) {
    return fail(bad_text);
  }
  started_ = never;
  return MessageArrived{opcode, payload};
}

std::optional<Fault> Endpoint::add_piece(Assembly& message, PayloadPiece piece) {
  const bool is_text = message.opcode == Opcode::text;
  const std::string_view bytes = view(piece);
  if (!message.compressed) {
    const bool fine =
        !is_text || (piece.ascii ? message.text.feed_ascii() : message.text.feed(bytes));
    if (!fine) return bad_text;
    // The limit may have been lowered since this frame's head was accepted.
    const auto ceiling =
        std::max<std::uint64_t>(message_bytes_, message.message.size() + bytes.size());
    message.message.append(bytes, decoder_.remaining_bytes(), ceiling);
    return std::nullopt;
  }
  const std::size_t before = message.message.size();
  const Inflated result = deflate_->inflate(bytes, message.message, message_bytes_);
  if (is_text && !message.text.feed(message.message.view().substr(before))) return bad_text;
  return fault_of(result);
}

std::optional<Fault> Endpoint::end_message(Assembly& message) {
  const bool is_text = message.opcode == Opcode::text;
  if (message.compressed) {
    const std::size_t before = message.message.size();
    const Inflated result = deflate_->finish(message.message, message_bytes_);
    if (is_text && !message.text.feed(message.message.view().substr(before))) return bad_text;
    if (const auto fault = fault_of(result)) return fault;
  }
  if (is_text && !message.text.complete()) return bad_text;
  return std::nullopt;
}

bool Endpoint::message_open() const {
  return assembly_ && assembly_->open;
}

Endpoint::Assembly& Endpoint::assembly() {
  if (!assembly_) assembly_ = std::make_unique<Assembly>();
  return *assembly_;
}

}  // namespace orrery::websocket
