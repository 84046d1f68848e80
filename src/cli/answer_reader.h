// An AnswerReader counts the messages that come back to a session of `bench`, and looks whether
// they are the ones that were sent.
//
// Owner   the session.
// Thread  none: bytes in, counts out.
// Limit   it keeps a frame's head and the payload of one control frame.
// Why     the heads alone tell how many messages came: no Endpoint, no UTF-8, no copy. Of each
//         message the length and the tag are compared, of one in 32 all bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "cli/payload.h"
#include "websocket/decoder.h"
#include "websocket/endpoint.h"

namespace orrery::cli {

/// What the bytes of one read were.
struct Reading {
  std::uint64_t messages = 0;  // whole ones
  std::string pings{};         // payloads to answer: the last one counts (RFC 6455 §5.5.3)
  bool pinged = false;
  std::optional<std::uint16_t> closed{};  // with this code; 0: none was given
  std::string reason{};                   // of the close
  const char* wrong = nullptr;            // what no honest server sends
};

class AnswerReader {
 public:
  static constexpr std::uint64_t all_bytes_checked_every = 32;

  /// Expects the messages of the sender `sender` one after the other. With `deflate` they may be
  /// compressed.
  AnswerReader(const Payload& payload, std::uint32_t sender,
               std::unique_ptr<websocket::Deflate> deflate = nullptr);

  /// After `closed` or `wrong` the rest is not looked at.
  [[nodiscard]] Reading read(std::span<char> bytes);

 private:
  void read_frames(std::span<char> bytes, Reading& reading);
  [[nodiscard]] std::span<char> skip_whole(std::span<char> bytes, Reading& reading);
  void read_with_endpoint(std::span<char> bytes, Reading& reading);
  [[nodiscard]] Payload::Care care() const;
  [[nodiscard]] const char* head_fault() const;
  void take_control(std::span<char> piece, Reading& reading);
  void take_data(std::span<char> piece, Reading& reading);

  const Payload& payload_;
  const std::uint32_t sender_;
  std::string head_{};             // of an answer in one frame
  std::uint64_t number_ = 0;       // of the message that comes next
  std::size_t message_bytes_ = 0;  // of it that were seen
  bool open_ = false;              // in the midst of a message
  websocket::Decoder decoder_{};
  std::string control_{};
  std::unique_ptr<websocket::Endpoint> endpoint_;  // with compression only
};

}  // namespace orrery::cli
