// The Stage is the real server: two loops in memory that are turned by hand, one of which sends to
// many at once, workers that work when told to, a clock that stands still, and its clients.
//
// Owner   the story.
// Thread  one: it plays all threads, one after the other.
// Limit   settle() gives up, with a fault, on a server that never comes to rest.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "book.h"
#include "net/loop.h"
#include "net/memory_stream.h"
#include "observe/log.h"
#include "peer.h"
#include "pools/workers.h"
#include "server/engine.h"
#include "transcript.h"

namespace orrery::simulation {

inline constexpr std::size_t loop_count = 2;

class Stage {
 public:
  Stage(std::uint64_t seed, Transcript::Lines lines, ServerOptions options);
  ~Stage();

  /// A new client, whose connection loop number `loop` has accepted.
  Peer& dial(Record& record, std::size_t loop, net::MemoryOptions options);

  bool turn(std::size_t loop) { return loops_[loop]->turn(milliseconds{0}); }
  bool react();
  /// One worker has done the n-th of the jobs that wait.
  bool work(std::size_t n);
  /// Everybody does what there is to do, workers too if they are said to work.
  enum class Workers : std::uint8_t { rest, work };
  void settle(Workers workers = Workers::work);
  /// Lets time pass, from deadline to deadline.
  void advance(milliseconds by, Workers workers = Workers::work);

  [[nodiscard]] Sender sender(PoolNumber which) { return engine_->sender(pool_name(which)); }
  [[nodiscard]] pools::Pool& pool(PoolNumber which) {
    return *server(0).node().pools.find_any(pool_name(which));
  }
  [[nodiscard]] server::LoopServer& server(std::size_t loop) { return *servers_[loop]; }
  [[nodiscard]] server::Engine& engine() { return *engine_; }
  /// After a drain: nobody is left on any of them.
  [[nodiscard]] bool loops_have_ended() { return server(0).node().loops_done == loop_count; }
  [[nodiscard]] std::vector<std::unique_ptr<Peer>>& peers() { return peers_; }

  void set_pool(PoolNumber which, const PoolLimits& limits);

  /// After every step: no more sessions than a pool allows, no handler without a place in it.
  void check_step();
  /// When nothing moves: every letter and every name is accounted for.
  void check_rest();
  /// When all sessions have ended: nothing is left of them.
  void check_empty();
  /// The server goes, whatever is still open.
  void take_down();

  ManualClock clock;
  Transcript lines;
  Book book;

 private:
  class Log final : public observe::Log {
   public:
    explicit Log(Transcript& lines) : lines_(lines) {}
    [[nodiscard]] bool wants(observe::Level) const override { return true; }
    using observe::Log::write;
    void write(observe::Level level, std::string_view event, observe::LogFields fields) override;

   private:
    Transcript& lines_;
  };

  void check_names(PoolNumber pool);
  void check_free(PoolNumber pool);
  void check_connections();
  void check_rates();
  [[nodiscard]] bool names_another(const Record& record);
  [[nodiscard]] static bool may_be_ending(const Record& record, const std::string& name);

  SeededRandom random_;
  Log log_;
  server::InlineJobs jobs_;
  std::vector<pools::ManualWorkers*> workers_{};  // the pools'
  std::array<std::size_t, pool_count> limits_{};  // sessions that pools are for
  std::array<std::size_t, pool_count> taken_{};   // places, after the last step
  Router router_{};
  std::array<std::unique_ptr<net::Loop>, loop_count> loops_{};
  std::unique_ptr<server::Engine> engine_{};
  std::vector<server::LoopServer*> servers_{};
  std::vector<std::unique_ptr<Peer>> peers_{};
};

}  // namespace orrery::simulation
