// A SimulatedNetwork carries what nodes of one process say to each other, in virtual time and in
// any weather that one seed can make: delays, losses, cuts and crashes.
//
// Owner   the test; it outlives the drivers that use it.
// Thread  one.
// Limit   none: a test ends.
// Why     time passes only in step() and advance(), so that every run can be had again.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/function.h"

namespace orrery::registry {

struct Weather {
  milliseconds least_delay{1};
  milliseconds most_delay{20};
  int lost_per_mille = 0;
  /// Some arrive very late, where order does not matter: after the time-out of whoever asked.
  int late_per_mille = 0;
  milliseconds lateness{4000};
};

class SimulatedNetwork {
 public:
  /// What holds between two that are sent on one way.
  enum class Order : std::uint8_t { kept, any };

  SimulatedNetwork(std::uint64_t seed, Weather weather) : weather_(weather), random_(seed) {}
  SimulatedNetwork(const SimulatedNetwork&) = delete;
  SimulatedNetwork& operator=(const SimulatedNetwork&) = delete;

  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] Time now() const { return clock_.now(); }
  void set_weather(const Weather& weather) { weather_ = weather; }
  [[nodiscard]] std::uint64_t random(std::uint64_t below) { return random_() % below; }

  /// What a node does later, unless it crashes first.
  void after(std::string_view node, milliseconds delay, Function<void()> then);
  /// Calls `arrived` at `to`, unless it gets lost.
  void send(std::string_view from, std::string_view to, Order order, Function<void()> arrived);
  /// The same, except that only a cut or a crash can lose it.
  void send_surely(std::string_view from, std::string_view to, Function<void()> arrived);

  /// Nothing passes between the two until they are joined again; what is on its way is lost.
  void cut(std::string_view one, std::string_view other);
  void mend(std::string_view one, std::string_view other);
  [[nodiscard]] bool is_cut(std::string_view one, std::string_view other) const;
  /// The node does and hears nothing any more, until one of that name starts again.
  void crash(std::string_view node);
  void restart(std::string_view node);
  [[nodiscard]] bool runs(std::string_view node) const { return !crashed_.contains(node); }
  /// `then(one, other)` is called when a cut is mended.
  void on_mended(Function<void(const std::string&, const std::string&)> then) {
    on_mended_.push_back(std::move(then));
  }

  /// Lets the next thing happen. False: nothing is left.
  bool step();
  /// Lets all happen that is due by then.
  void advance(milliseconds by);

 private:
  using Way = std::pair<std::string, std::string>;

  void dispatch(const Way& way, Order order, Function<void()> arrived);
  void at(Time time, std::string node, Function<void()> then);
  [[nodiscard]] static Way between(std::string_view one, std::string_view other);

  struct Event {
    std::string node;
    std::uint64_t start;  // of that node: an older one has crashed since
    Function<void()> then;
  };

  Weather weather_;
  std::mt19937_64 random_;
  ManualClock clock_;
  std::map<std::pair<Time, std::uint64_t>, Event> events_;
  std::uint64_t events_so_far_ = 0;
  std::map<Way, Time> newest_arrival_;
  std::map<Way, std::uint64_t> cuts_;  // so far, of both directions
  std::set<Way> cut_now_;
  std::set<std::string, std::less<>> crashed_;
  std::map<std::string, std::uint64_t, std::less<>> starts_;
  std::vector<Function<void(const std::string&, const std::string&)>> on_mended_;
};

}  // namespace orrery::registry
