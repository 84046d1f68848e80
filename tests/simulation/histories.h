// Histories know what each group with a history has kept, as far as whoever published and listened
// can know it: every message has its number, and who comes back hears all of them, or of a gap.
//
// Owner   the Book.
// Thread  one.
// Why     it counts by itself, from what was published; the positions that sessions are told are
//         compared with that.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "act.h"
#include "base/clock.h"
#include "orrery/orrery.h"
#include "transcript.h"

namespace orrery::simulation {

/// Where one session stands in the groups that keep a history.
struct Standing {
  std::map<std::string, Position> newest{};  // that it has heard of, by group
};

class Histories {
 public:
  explicit Histories(Transcript& transcript) : lines_(transcript) {}

  /// From now on, so much; of 0 messages: nothing any more.
  void keep(PoolNumber pool, const std::string& group, const History& bounds, Time now);
  void published(PoolNumber pool, const std::string& group, const std::string& id, Time now);

  /// What a session has published in on_open comes to it before what others said, with or without a
  /// number; everything else in the order of the numbers.
  enum class Turn : std::uint8_t { by_number, first };
  /// A member hears a message.
  void heard(Number who, Standing& standing, PoolNumber pool, const std::string& group,
             const std::string& id, const Position& position, Turn turn);
  /// A session came back, and this is the answer.
  void recovered(Number who, Standing& standing, PoolNumber pool, const std::string& group,
                 const Position& since, const Recovery& recovery, Time now);

  /// Whether a message has a number, now or in a history that is gone.
  [[nodiscard]] bool numbered(const std::string& id) const { return numbers_.contains(id); }
  /// A position that somebody was at; the session's own for 1, the beginning for 0.
  [[nodiscard]] Position position(const Standing& standing, PoolNumber pool,
                                  const std::string& group, std::size_t which) const;
  /// Groups of a pool that keep one.
  [[nodiscard]] std::size_t kept(PoolNumber pool) const;

 private:
  /// What was published from one keep() to the one that ends it.
  struct Epoch {
    std::optional<std::uint64_t> name{};  // once somebody was told
    std::vector<std::string> messages{};  // the first has number 1
  };
  struct Log {
    std::deque<Epoch> epochs{};  // the last one is the current one
    bool keeps = false;
    History bounds{};
    std::deque<Time> times{};       // of those that are certainly kept
    std::vector<Position> known{};  // positions that somebody was told
  };
  struct Place {
    std::size_t epoch;  // of its log
    std::uint64_t offset;
  };

  [[nodiscard]] static std::string key_of(PoolNumber pool, const std::string& group);
  [[nodiscard]] static Position newest(const Log& log);
  static void trim(Log& log, Time now);
  bool agrees(Log& log, std::size_t epoch, std::uint64_t name);
  void check_whole(Number who, Log& log, const Position& since, const Recovery& recovery);

  Transcript& lines_;
  std::map<std::string, Log> logs_{};
  std::map<std::string, Place> numbers_{};  // by id
};

}  // namespace orrery::simulation
