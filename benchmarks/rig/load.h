// A Load is the other end of an echo: many sessions in one thread that keep their messages in
// flight.
//
// Owner   the benchmark. It needs none of the server's memory: the server may be another process.
// Thread  one.
// Limit   Bounds of each run(); a server that says nothing for 10 seconds ends it with an Error.
// Why     lean, so that the server is what is measured: frames are masked in advance, and what is
//         written and expected is computed from two counters per session. Every answer's length
//         and first 16 payload bytes are checked (they differ for each message), all of its bytes
//         in one answer of 32.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/descriptors.h"
#include "orrery/result.h"
#include "websocket/opcode.h"

namespace orrery::benchmarks {

/// An echo on this machine.
struct Target {
  std::uint16_t port = 0;
  std::string path = "/echo";
};

struct Traffic {
  std::size_t sessions = 1;
  std::size_t depth = 1;  // messages of one session that are on their way at once
  std::size_t payload_bytes = 16;
  websocket::Opcode type = websocket::Opcode::binary;  // the payload is ASCII in any case
};

/// What ends a run: whichever is reached first. Then all answers are waited for.
struct Bounds {
  std::uint64_t messages = 0;
  std::chrono::milliseconds time{};
};

struct Work {
  std::uint64_t messages = 0;
  double seconds = 0;
};

class Load {
 public:
  /// The smallest payload: what tells one message from another.
  static constexpr std::size_t tag_bytes = 16;

  /// Opens all sessions.
  static Result<std::unique_ptr<Load>> open(const Target& target, const Traffic& traffic);

  /// Echoes until a bound is reached and every answer has arrived.
  Result<Work> run(const Bounds& bounds);

 private:
  struct Session {
    net::Descriptor socket;
    std::uint32_t number = 0;
    std::uint64_t asked = 0;       // messages that may be sent
    std::uint64_t sent = 0;        // whole frames
    std::size_t sent_bytes = 0;    // of the next one
    std::uint64_t answered = 0;    // whole answers
    std::size_t answer_bytes = 0;  // of the next one
  };

  explicit Load(const Traffic& traffic);
  Result<void> connect(const Target& target);
  Result<void> serve(Session& session);
  Result<void> receive(Session& session);
  Result<void> send(Session& session);
  bool check(Session& session, std::span<const char> bytes);
  bool as_expected(const Session& session, std::span<const char> bytes);
  void ask(Session& session, std::uint64_t messages);

  const Traffic traffic_;
  const std::string frame_;   // as sent, with an empty tag
  const std::string answer_;  // as expected, with an empty tag
  const std::size_t frame_head_bytes_;
  const std::size_t answer_head_bytes_;
  std::vector<Session> sessions_;
  net::Descriptor epoll_;
  std::uint64_t to_ask_ = 0;  // messages that the bounds still allow
  std::uint64_t in_flight_ = 0;
  std::uint64_t answered_ = 0;
  std::vector<char> read_buffer_;
  std::vector<char> write_buffer_;
};

}  // namespace orrery::benchmarks
