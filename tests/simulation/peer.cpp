#include "peer.h"

#include <array>
#include <cstring>
#include <variant>

#include "websocket/encoder.h"
#include "websocket/extensions.h"
#include "wording.h"

namespace orrery::simulation {

using websocket::Opcode;

namespace {

const std::size_t window_bytes = net::MemoryOptions{}.window_bytes;

}  // namespace

void Peer::asks(std::string_view target, std::optional<websocket::DeflateParams> offered) {
  offered_ = offered;
  waiting_ += "GET " + std::string(target) +
              " HTTP/1.1\r\nHost: simulation\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (offered_)
    waiting_ += "Sec-WebSocket-Extensions: " + websocket::offer_value(*offered_) + "\r\n";
  waiting_ += "\r\n";
}

void Peer::write_frame(Opcode opcode, std::string_view payload) {
  websocket::FrameForm form;
  websocket::MaskKey mask{};
  const std::uint32_t key = ++masks_ * 2654435761U;
  std::memcpy(&mask, &key, sizeof key);
  form.mask = mask;
  websocket::Deflate* const deflate = endpoint_ ? endpoint_->deflate() : nullptr;
  form.compressed = deflate && opcode == Opcode::text && masks_ % 4 != 0;
  if (form.compressed) payload = deflate->compress(payload);
  waiting_ += websocket::encode_frame(opcode, payload, form);
}

void Peer::says(std::string_view text) {
  ++record_.said;
  write_frame(Opcode::text, wording_of(text));
}

void Peer::pings() {
  write_frame(Opcode::ping, "?");
}

void Peer::closes(std::uint16_t code) {
  said_close_ = true;
  write_frame(Opcode::close, websocket::close_payload(code, code == 0 ? "" : "bye"));
}

void Peer::breaks_a_rule() {
  said_close_ = true;
  waiting_ += "\x83\x80\x01\x02\x03\x04";  // §5.2: opcode 3 is reserved
}

void Peer::finishes() {
  said_close_ = true;
  end_.finish_writing();
  waiting_.clear();
  record_.client_gone = true;
}

void Peer::resets() {
  end_.reset();
  record_.broken = true;
  lose();
}

void Peer::vanishes() {
  lose();
}

void Peer::lose() {
  if (gone_) return;
  gone_ = true;
  end_ = net::MemoryEnd();
  book_.client_gone(record_);
}

void Peer::reads(bool reading) {
  reading_ = reading;
  record_.client_stalls = !reading;
  end_.set_window(reading ? window_bytes : 0);
}

bool Peer::react(Time now) {
  if (gone_) return false;
  const auto written = end_.write(waiting_);
  waiting_.erase(0, written);
  bool any = written > 0;
  if (any) record_.last_said = now;
  if (reading_ && end_.readable() > 0) {
    std::string bytes = end_.read();
    if (status_ == 0) {
      answer_ += bytes;
      take_answer();
      bytes.swap(answer_);
    }
    if (endpoint_) take_frames(bytes, now);
    any = true;
  }
  if (reading_ && end_.closed()) {
    notice_end();
    any = true;
  }
  return any;
}

void Peer::notice_end() {
  const bool broken = end_.state() == net::MemoryState::reset;
  book_.lines.note("    client {}: the connection {}", record_.number,
                   broken ? "is broken" : "has ended");
  record_.broken |= broken;
  if (!broken && status_ == 0) book_.client_unanswered(record_);
  lose();
}

// The head of the answer; what is behind it stays in `answer_`.
void Peer::take_answer() {
  const auto end = answer_.find("\r\n\r\n");
  if (end == std::string::npos) return;
  status_ = std::stoi(answer_.substr(std::strlen("HTTP/1.1 "), 3));
  book_.client_answered(record_, status_);
  if (status_ == 101) begin_session(std::string_view(answer_).substr(0, end));
  answer_.erase(0, end + 4);
}

void Peer::begin_session(std::string_view head) {
  static constexpr std::string_view name = "\r\nSec-WebSocket-Extensions: ";
  http::Headers headers;
  if (const auto at = head.find(name); at != std::string_view::npos) {
    const auto value = head.substr(at + name.size());
    headers.add("Sec-WebSocket-Extensions", value.substr(0, value.find("\r\n")));
  }
  const auto agreed =
      websocket::read_answer(headers, offered_.value_or(websocket::DeflateParams{}));
  std::unique_ptr<websocket::Deflate> deflate;
  if (!agreed || (*agreed && !offered_))
    book_.lines.fault("client {} did not offer \"{}\"", record_.number, head);
  else if (*agreed)
    deflate = std::make_unique<websocket::Deflate>(deflate_, websocket::Role::client, **agreed,
                                                   websocket::CompressionMode::dedicated);
  endpoint_.emplace(websocket::Role::client, std::uint64_t{1} << 30, std::move(deflate));
}

void Peer::take_frames(std::span<char> bytes, Time now) {
  while (!bytes.empty()) {
    const auto event = endpoint_->next(bytes, now);
    if (std::holds_alternative<websocket::NeedMore>(event)) return;
    on_event(event);
  }
}

void Peer::on_event(const websocket::Event& event) {
  if (const auto* message = std::get_if<websocket::MessageArrived>(&event)) {
    book_.client_hears(record_, message->payload);
  } else if (const auto* ping = std::get_if<websocket::PingArrived>(&event)) {
    if (answering_ && !said_close_) write_frame(Opcode::pong, ping->payload);
  } else if (const auto* close = std::get_if<websocket::CloseArrived>(&event)) {
    book_.client_told(record_, close->code, close->reason);
    if (!std::exchange(said_close_, true))
      write_frame(Opcode::close, websocket::close_payload(close->code, ""));
  } else if (const auto* fault = std::get_if<websocket::Fault>(&event)) {
    book_.lines.fault("the server broke the protocol to client {}: {}", record_.number,
                      fault->reason);
  }
}

}  // namespace orrery::simulation
