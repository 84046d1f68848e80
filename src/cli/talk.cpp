#include "cli/talk.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "websocket/close_code.h"
#include "websocket/encoder.h"
#include "websocket/utf8.h"

namespace orrery::cli {
namespace {

using websocket::Opcode;
using websocket::Role;

constexpr std::size_t control_bytes = 125;  // RFC 6455 §5.5
constexpr std::size_t shown_bytes = 64;

constexpr std::string_view commands =
    "/ping [TEXT], /pong [TEXT], /close [CODE [REASON]], /hex BYTES, /help; //text sends \"/text\"";

std::string quoted(std::string_view payload) {
  return payload.empty() ? "" : fmt::format(" \"{}\"", payload);
}

std::string code_and_reason(std::uint16_t code, std::string_view reason) {
  return (code == 0 ? "without a code" : fmt::format("with {}", code)) + quoted(reason);
}

// "00 ff10" as bytes; nothing if that are no pairs of hex digits.
std::optional<std::string> bytes_of(std::string_view hex) {
  std::string bytes;
  while (!hex.empty()) {
    if (hex.front() == ' ') {
      hex.remove_prefix(1);
      continue;
    }
    unsigned value = 0;
    const auto* end = hex.data() + std::min<std::size_t>(2, hex.size());
    const auto [stop, error] = std::from_chars(hex.data(), end, value, 16);
    if (error != std::errc{} || stop != hex.data() + 2) return std::nullopt;
    bytes += static_cast<char>(value);
    hex.remove_prefix(2);
  }
  return bytes;
}

}  // namespace

std::string hex_line(std::string_view payload) {
  std::string line =
      fmt::format("binary, {} byte{}", payload.size(), payload.size() == 1 ? "" : "s");
  for (std::size_t i = 0; i < std::min(payload.size(), shown_bytes); ++i)
    line += fmt::format("{}{:02x}", i == 0 ? ": " : " ", static_cast<unsigned char>(payload[i]));
  return payload.size() > shown_bytes ? line + " ..." : line;
}

void Talk::open(std::unique_ptr<net::Stream> stream, const OpeningPlan& plan) {
  connection_.open(std::move(stream), plan, random_);
}

void Talk::on_opened(const websocket::Agreed& agreed) {
  std::string note = "connected";
  if (!agreed.protocol.empty()) note += ", subprotocol " + agreed.protocol;
  if (agreed.compression) {
    note += ", permessage-deflate";
    endpoint_ = websocket::Endpoint(
        Role::client, message_bytes,
        std::make_unique<websocket::Deflate>(engine_, Role::client, *agreed.compression));
  }
  events_.on_note(note);
  events_.on_talk_open();
}

void Talk::say(std::string_view line) {
  if (closing_) return;
  if (opcode_ == Opcode::text && !websocket::is_utf8(line))
    return events_.on_note("not sent: that line is not UTF-8; --binary sends any bytes");
  send_message(opcode_, line);
}

void Talk::obey(std::string_view line) {
  if (!line.starts_with('/')) return say(line);
  if (line.starts_with("//")) return say(line.substr(1));
  const auto space = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, space);
  const auto rest = line.substr(std::min(space + 1, line.size()));
  if (word == "/close") return obey_close(rest);
  if (word == "/ping" || word == "/pong") {
    if (rest.size() > control_bytes)
      return events_.on_note("not sent: a ping or pong carries at most 125 bytes");
    return send(word == "/ping" ? Opcode::ping : Opcode::pong, rest);
  }
  if (word == "/hex") {
    const auto bytes = bytes_of(rest);
    if (!bytes) return events_.on_note("not sent: give pairs of hex digits, such as /hex 00 ff");
    return send_message(Opcode::binary, *bytes);
  }
  events_.on_note(word == "/help" ? std::string(commands)
                                  : fmt::format("{} is no command: {}", word, commands));
}

void Talk::obey_close(std::string_view words) {
  if (words.empty()) return close();
  std::uint16_t code = 0;
  const char* end = words.data() + words.size();
  const auto [stop, error] = std::from_chars(words.data(), end, code);
  const bool whole = error == std::errc{} && (stop == end || *stop == ' ');
  if (!whole || !websocket::is_valid_to_send(code))
    return events_.on_note(
        "not sent: a close code is 1000, 1001, 1003, 1007 to 1014, or 3000 to 4999");
  close(code, stop == end ? "" : words.substr(static_cast<std::size_t>(stop + 1 - words.data())));
}

void Talk::close(std::uint16_t code, std::string_view reason) {
  if (std::exchange(closing_, true)) return;
  send(Opcode::close, websocket::close_payload(code, reason));
}

void Talk::give_up() {
  if (ended_) return;
  events_.on_note("the server did not answer the close");
  connection_.abort();
  end(false);
}

void Talk::send(Opcode opcode, std::string_view payload) {
  connection_.write(
      websocket::encode_frame(opcode, payload, {.mask = websocket::fresh_mask(random_)}));
}

// Compressed where that was agreed on, but for what compression would make longer.
void Talk::send_message(Opcode opcode, std::string_view payload) {
  constexpr std::size_t worthwhile_bytes = 64;
  websocket::Deflate* const deflate = endpoint_.deflate();
  if (!deflate || payload.size() < worthwhile_bytes) return send(opcode, payload);
  connection_.write(
      websocket::encode_frame(opcode, deflate->compress(payload),
                              {.compressed = true, .mask = websocket::fresh_mask(random_)}));
}

void Talk::on_frames(std::span<char> bytes) {
  while (!ended_) {
    const auto event = endpoint_.next(bytes, Time{});
    if (std::holds_alternative<websocket::NeedMore>(event)) return;
    tell(event);
  }
}

void Talk::tell(const websocket::Event& event) {
  if (const auto* message = std::get_if<websocket::MessageArrived>(&event)) {
    const bool text = message->opcode == Opcode::text;
    events_.on_message_line(text ? message->payload : std::string_view(hex_line(message->payload)));
  } else if (const auto* ping = std::get_if<websocket::PingArrived>(&event)) {
    events_.on_note("ping" + quoted(ping->payload));
    send(Opcode::pong, ping->payload);
  } else if (const auto* pong = std::get_if<websocket::PongArrived>(&event)) {
    events_.on_note("pong" + quoted(pong->payload));
  } else if (const auto* goodbye = std::get_if<websocket::CloseArrived>(&event)) {
    closed_by_server(*goodbye);
  } else if (const auto* fault = std::get_if<websocket::Fault>(&event)) {
    events_.on_note(fmt::format("the server broke the protocol: {}; closing with {}", fault->reason,
                                fault->code));
    close(fault->code, fault->reason);
    connection_.finish_writing();
    end(false);
  }
}

// The server ends the connection after this (RFC 6455 §7.1.1); nothing depends on it any more.
void Talk::closed_by_server(const websocket::CloseArrived& close_frame) {
  events_.on_note("closed " + code_and_reason(close_frame.code, close_frame.reason));
  const bool ours = closing_;
  if (!ours) close(close_frame.code == 0 ? 0 : close_frame.code);
  connection_.finish_writing();
  end(ours || close_frame.code == 1000);
}

void Talk::on_ended(const Ending& ending) {
  if (ended_) return;
  events_.on_note(ending.opened ? "lost: " + ending.text : ending.text);
  end(false);
}

void Talk::end(bool well) {
  if (!std::exchange(ended_, true)) events_.on_talk_end(well);
}

}  // namespace orrery::cli
