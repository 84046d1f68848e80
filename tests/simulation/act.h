// Acts are what a handler does when a message tells it to: the story writes them, handlers follow.
//
// Owner   the Book, under the name of the message that asks for them.
// Thread  none: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::simulation {

/// A session, as its client counts: from 1. 0 is the program around the server.
using Number = int;

/// What sort of handler a session has.
enum class Kind : std::uint8_t {
  plain,     // an object with every callback
  quiet,     // no on_server_message: what others send goes straight to its client
  receiver,  // a coroutine in receive()
  listener,  // a coroutine in next()
  waiter,    // on_message is a coroutine
  worker,    // callbacks on worker threads
  tight,     // an object with a small mailbox and a small outbox that drops the oldest
  hasty,     // an object that is closed when its client says too much in a second
  lossy,     // an object that does not hear what its client says too much
};
inline constexpr int kinds = 9;
[[nodiscard]] std::string_view name_of(Kind kind);
/// Whether a name changes hands when a session of this kind claims it.
[[nodiscard]] inline bool replaces(Kind kind) {
  return kind == Kind::listener || kind == Kind::tight;
}
/// Whether it is known at once, and not only when a worker's callback has returned, what it is in.
[[nodiscard]] inline bool acts_at_once(Kind kind) {
  return kind != Kind::worker;
}
/// How much its client may say in a second; 0: anything.
[[nodiscard]] inline std::uint32_t rate_of(Kind kind) {
  return kind == Kind::hasty || kind == Kind::lossy ? 2 : 0;
}

enum class Verb : std::uint8_t {
  echo,               // to its own client
  tell,               // another session, by its address
  shut,               // close another session
  publish,            // to a group
  publish_to_others,  // but not to itself
  join,
  join_since,  // a group, from a position that somebody was at
  leave,
  track,
  claim,         // a name, with a function
  release,       // a name
  send_to_name,  // whoever holds it
  post,          // to itself
  post_after,    // to itself, later
  close,
  fail,   // throw
  pause,  // stop reading, until a message of its own says `resume`
  resume,
  // Only coroutines; others do nothing.
  rest,   // sleep_for()
  work,   // on_workers()
  flush,  // drained()
  claim_awaited,
};
inline constexpr int verbs = 22;
[[nodiscard]] std::string_view name_of(Verb verb);

struct Act {
  Verb verb;
  int what = 0;  // which session, group, name or time
};
using Script = std::vector<Act>;
[[nodiscard]] std::string as_text(const Script& script);

inline constexpr int groups = 3;
/// Workers publish to this one, at a moment that nobody knows: only the others keep a history.
inline constexpr int group_of_workers = 0;
[[nodiscard]] std::string group_name(int which);
[[nodiscard]] std::string unique_name(int which);

/// Executor pools; names and groups of one are not those of another.
using PoolNumber = int;
inline constexpr PoolNumber pool_count = 3;
[[nodiscard]] std::string pool_name(PoolNumber which);

}  // namespace orrery::simulation
