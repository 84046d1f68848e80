// Every limit of a session and of a connection, with its default and what happens beyond it.
//
// The configuration file, Router scopes and single routes set them; the innermost wins. Durations
// say their unit in their type, sizes in their name.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

/// What happens when a session's outbox is full. What is dropped is counted, and told to
/// on_dropped.
enum class Overflow : std::uint8_t {
  close,           // 1008 "slow consumer"
  drop_newest,     // the message that found no room
  drop_oldest,     // whole messages that were not begun
  latest_per_key,  // each replaces the one with its key that still waits (SendOptions::key), in its
                   // place; those without a key: close
};

/// What happens to server messages that find the mailbox full; their sender is told `full`.
enum class MailboxOverflow : std::uint8_t { drop_newest, close };

enum class Compression : std::uint8_t {
  off,
  shared,     // no context takeover: one compressor per loop, no memory per session
  dedicated,  // context takeover: better ratio, a context per session
};

/// The limits of one WebSocket session.
struct Limits {
  std::uint64_t message_bytes = 1 << 20;  // whole message, inflated; beyond: 1009
  std::uint32_t fragments = 0;            // of one message; 0: any number; beyond: 1009
  milliseconds message_timeout = 30s;     // first to last byte of one message; beyond: 1008
  milliseconds idle = 60s;                // no byte from the client; 0: never
  IdlePolicy idle_policy = IdlePolicy::ping;
  IdleReset idle_reset = IdleReset::by_receiving;
  milliseconds heartbeat = 0ms;           // PING every so often; unanswered by the next: closed
  std::uint32_t messages_per_second = 0;  // 0: any number
  RatePolicy rate_policy = RatePolicy::close;  // without on_rate_limited: 1008, or drop and count
  std::size_t queued_bytes = 1 << 20;          // outbox; one message always fits an empty one
  Overflow overflow = Overflow::close;
  milliseconds write_timeout = 30s;      // no progress on a non-empty outbox: closed
  std::uint32_t mailbox_count = 10'000;  // server messages that wait
  std::size_t mailbox_bytes = 4 << 20;   // their payloads
  MailboxOverflow mailbox_overflow = MailboxOverflow::drop_newest;
  milliseconds admission_timeout = 10s;  // an admission that suspends: 503
  milliseconds close_timeout = 5s;       // from our close frame to the peer's
  std::uint32_t sessions_per_ip = 0;     // of one address, on the node; 0: any number; 503
  Compression compression = Compression::off;
  std::size_t compression_threshold_bytes = 64;  // smaller messages go plain
  int compression_window_bits = 15;  // dedicated: 9 to 15, the window is 2 to this power
  int compression_memory_level = 8;  // dedicated: 1 to 9, as zlib counts it
  std::vector<std::string> compression_except{};  // User-Agents that contain one of these: plain
};

/// The limits of one connection before, or without, a session.
struct HttpLimits {
  std::size_t head_bytes = 16 * 1024;    // 431
  std::size_t header_count = 100;        // 431
  std::uint64_t body_bytes = 1'000'000;  // 413
  milliseconds proxy_timeout = 3s;       // from accept to the end of the PROXY header: closed
  milliseconds handshake_timeout = 5s;   // from there to the end of the head: 408
  milliseconds body_timeout = 30s;       // 408
  milliseconds idle = 60s;               // keep-alive connection without a request: closed
};

/// What one executor pool may use of a node. A lower number refuses newcomers and closes nobody.
struct PoolLimits {
  std::size_t sessions = 10'000;       // exact; beyond: 503
  std::size_t workers = 2;             // threads for on_workers()
  std::size_t worker_queue = 1'000;    // callbacks that wait for one; beyond: not read
  std::size_t memory_bytes = 1 << 30;  // buffers of its sessions; beyond: 503, and 1013
  std::vector<std::string> gears{};    // which may use it; of "gear:x" always x alone
};

/// How a server says goodbye: see Server::drain().
struct DrainOptions {
  milliseconds delay = 0s;              // newcomers are still served, but /readyz says no
  milliseconds spread = 10s;            // over which sessions are told 1001, evenly; 0: at once
  milliseconds reconnect_spread = 10s;  // over which they are asked to come back
  milliseconds deadline = 30s;          // sessions that are still there are cut
};

/// What a scope or a route changes: fields that are set replace the inherited ones.
struct RouteLimits {
  std::optional<std::uint64_t> message_bytes{};
  std::optional<std::uint32_t> fragments{};
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
  std::optional<std::uint32_t> mailbox_count{};
  std::optional<std::size_t> mailbox_bytes{};
  std::optional<MailboxOverflow> mailbox_overflow{};
  std::optional<milliseconds> admission_timeout{};
  std::optional<milliseconds> close_timeout{};
  std::optional<std::uint32_t> sessions_per_ip{};
  std::optional<Compression> compression{};
  std::optional<std::size_t> compression_threshold_bytes{};
  std::optional<int> compression_window_bits{};
  std::optional<int> compression_memory_level{};
  std::optional<std::vector<std::string>> compression_except{};
};

/// What a session may change about itself while it lives: see Session::set_limits().
struct SessionLimits {
  std::optional<std::uint64_t> message_bytes{};
  std::optional<milliseconds> idle{};
};

}  // namespace orrery
