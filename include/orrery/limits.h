// Every limit of a session and of a connection, with its default and what happens beyond it.
//
// The configuration file, Router scopes and single routes set them; the innermost wins. Durations
// say their unit in their type, sizes in their name.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace orrery {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// Who notices that a silent client is gone.
enum class IdlePolicy : std::uint8_t {
  ping,   // a PING goes out before the deadline; any byte received re-arms it
  close,  // passive: a client that stays silent until the deadline is closed
};

/// What re-arms the idle deadline.
enum class IdleReset : std::uint8_t { by_receiving, by_receiving_or_sending };

/// What happens to messages beyond messages_per_second.
enum class RatePolicy : std::uint8_t { close, drop };

/// What happens when a session's outbox is full.
enum class Overflow : std::uint8_t { close, drop_newest };

enum class Compression : std::uint8_t {
  off,
  shared,     // no context takeover: one compressor per loop, no memory per session
  dedicated,  // context takeover: better ratio, a context per session
};

/// The limits of one WebSocket session.
struct Limits {
  std::uint64_t message_bytes = 1 << 20;  // whole message, inflated; beyond: 1009
  milliseconds message_timeout = 30s;     // first to last byte of one message; beyond: 1008
  milliseconds idle = 60s;                // no byte from the client; 0: never
  IdlePolicy idle_policy = IdlePolicy::ping;
  IdleReset idle_reset = IdleReset::by_receiving;
  milliseconds heartbeat = 0ms;           // PING every so often; unanswered by the next: closed
  std::uint32_t messages_per_second = 0;  // 0: any number
  RatePolicy rate_policy = RatePolicy::close;  // 1008, or the message is dropped and counted
  std::size_t queued_bytes = 1 << 20;          // outbox; one message always fits an empty one
  Overflow overflow = Overflow::close;  // 1008 "slow consumer", or the new message is dropped
  milliseconds write_timeout = 30s;     // no progress on a non-empty outbox: closed
  milliseconds close_timeout = 5s;      // from our close frame to the peer's
  Compression compression = Compression::off;
  std::size_t compression_threshold_bytes = 64;  // smaller messages go plain
};

/// The limits of one connection before, or without, a session.
struct HttpLimits {
  std::size_t head_bytes = 16 * 1024;    // 431
  std::size_t header_count = 100;        // 431
  std::uint64_t body_bytes = 1'000'000;  // 413
  milliseconds handshake_timeout = 5s;   // from accept to the end of the head: 408
  milliseconds body_timeout = 30s;       // 408
  milliseconds idle = 60s;               // keep-alive connection without a request: closed
};

/// What a scope or a route changes: fields that are set replace the inherited ones.
struct RouteLimits {
  std::optional<std::uint64_t> message_bytes{};
  std::optional<milliseconds> message_timeout{};
  std::optional<milliseconds> idle{};
  std::optional<IdlePolicy> idle_policy{};
  std::optional<IdleReset> idle_reset{};
  std::optional<milliseconds> heartbeat{};
  std::optional<std::uint32_t> messages_per_second{};
  std::optional<RatePolicy> rate_policy{};
  std::optional<std::size_t> queued_bytes{};
  std::optional<Overflow> overflow{};
  std::optional<milliseconds> write_timeout{};
  std::optional<milliseconds> close_timeout{};
  std::optional<Compression> compression{};
  std::optional<std::size_t> compression_threshold_bytes{};
};

/// What a session may change about itself while it lives: see Session::set_limits().
struct SessionLimits {
  std::optional<std::uint64_t> message_bytes{};
  std::optional<milliseconds> idle{};
};

}  // namespace orrery
