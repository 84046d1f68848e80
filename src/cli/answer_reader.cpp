#include "cli/answer_reader.h"

#include <array>
#include <cstring>
#include <utility>

#include "websocket/encoder.h"

namespace orrery::cli {
namespace {

using websocket::Opcode;

constexpr const char* not_sent = "a message that is not the one that was sent";

void close_with(std::string_view payload, Reading& reading) {
  std::uint16_t code = 0;
  if (payload.size() >= 2) {
    code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                      static_cast<unsigned char>(payload[1]));
    payload.remove_prefix(2);
  }
  reading.closed = code;
  reading.reason = payload;
}

}  // namespace

AnswerReader::AnswerReader(const Payload& payload, std::uint32_t sender,
                           std::unique_ptr<websocket::Deflate> deflate)
    : payload_(payload), sender_(sender) {
  std::array<char, websocket::max_head_bytes> head;
  const auto head_bytes = websocket::encode_head(head.data(), payload.opcode(), payload.size());
  head_.assign(head.data(), head_bytes);
  if (deflate)
    endpoint_ = std::make_unique<websocket::Endpoint>(
        websocket::Role::client, payload.size() + Payload::tag_bytes, std::move(deflate));
}

Reading AnswerReader::read(std::span<char> bytes) {
  Reading reading;
  endpoint_ ? read_with_endpoint(bytes, reading) : read_frames(bytes, reading);
  return reading;
}

void AnswerReader::read_frames(std::span<char> bytes, Reading& reading) {
  while (!bytes.empty() || decoder_.in_frame()) {
    if (!decoder_.in_frame()) {
      if (decoder_.buffered_bytes() == 0 && !open_) bytes = skip_whole(bytes, reading);
      if (bytes.empty() || !decoder_.take_head(bytes)) return;
      if ((reading.wrong = head_fault()) != nullptr) return;
    }
    if (bytes.empty() && decoder_.remaining_bytes() > 0) return;
    const bool control = websocket::is_control(decoder_.head().opcode);
    const auto piece = decoder_.take_payload(bytes);
    control ? take_control(piece, reading) : take_data(piece, reading);
    if (reading.wrong || reading.closed) return;
  }
}

// Takes the answers that lie there whole and unfragmented, which nearly all do: no decoder.
std::span<char> AnswerReader::skip_whole(std::span<char> bytes, Reading& reading) {
  const std::size_t whole = head_.size() + payload_.size();
  while (bytes.size() >= whole && std::memcmp(bytes.data(), head_.data(), head_.size()) == 0) {
    const std::string_view payload(bytes.data() + head_.size(), payload_.size());
    if (!payload_.matches(payload, 0, Payload::tag(sender_, number_), care())) break;
    bytes = bytes.subspan(whole);
    ++number_;
    ++reading.messages;
  }
  return bytes;
}

Payload::Care AnswerReader::care() const {
  return number_ % all_bytes_checked_every == 0 ? Payload::Care::all_bytes
                                                : Payload::Care::tag_only;
}

const char* AnswerReader::head_fault() const {
  const auto& head = decoder_.head();
  websocket::FrameContext context{.role = websocket::Role::client, .open = open_};
  context.message_bytes = payload_.size();
  context.payload_bytes = message_bytes_;
  if (const auto fault = websocket::fault_in(head, context)) return fault->reason;
  if (decoder_.bad_length()) return "a length that is not in its shortest form";
  if (websocket::starts_message(head.opcode) && head.opcode != payload_.opcode()) return not_sent;
  return nullptr;
}

void AnswerReader::take_control(std::span<char> piece, Reading& reading) {
  control_.append(piece.data(), piece.size());
  if (decoder_.in_frame()) return;
  if (decoder_.head().opcode == Opcode::ping) {
    reading.pinged = true;
    reading.pings = std::exchange(control_, {});
  } else if (decoder_.head().opcode == Opcode::close) {
    close_with(control_, reading);
  }
  control_.clear();
}

void AnswerReader::take_data(std::span<char> piece, Reading& reading) {
  if (!payload_.matches({piece.data(), piece.size()}, message_bytes_,
                        Payload::tag(sender_, number_), care())) {
    reading.wrong = not_sent;
    return;
  }
  message_bytes_ += piece.size();
  open_ = !decoder_.head().fin || decoder_.in_frame();
  if (open_) return;
  if (std::exchange(message_bytes_, 0) != payload_.size()) {
    reading.wrong = not_sent;
    return;
  }
  ++number_;
  ++reading.messages;
}

void AnswerReader::read_with_endpoint(std::span<char> bytes, Reading& reading) {
  while (!reading.wrong && !reading.closed) {
    const auto event = endpoint_->next(bytes, Time{});
    if (std::holds_alternative<websocket::NeedMore>(event)) return;
    if (const auto* message = std::get_if<websocket::MessageArrived>(&event)) {
      const auto tag = Payload::variant_tag(number_);
      const bool same = message->opcode == payload_.opcode() &&
                        message->payload.size() == payload_.size() &&
                        payload_.matches(message->payload, 0, tag, Payload::Care::all_bytes);
      if (!same) reading.wrong = not_sent;
      ++number_;
      ++reading.messages;
    } else if (const auto* ping = std::get_if<websocket::PingArrived>(&event)) {
      reading.pinged = true;
      reading.pings = ping->payload;
    } else if (const auto* close = std::get_if<websocket::CloseArrived>(&event)) {
      reading.closed = close->code;
      reading.reason = close->reason;
    } else if (const auto* fault = std::get_if<websocket::Fault>(&event)) {
      reading.wrong = fault->reason;
    }
  }
}

}  // namespace orrery::cli
