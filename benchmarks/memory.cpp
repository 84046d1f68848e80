// How much memory does an idle session keep?
//
// Both servers as they come, in processes of their own: `orrery serve` with its defaults. Resident
// memory and the allocator's bytes are read from two processes each, because counting costs memory
// itself. More than 512 bytes of either per session of Orrery fail the program.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "benchmarks/rig/duel.h"
#include "benchmarks/rig/load.h"

namespace {

using namespace orrery;
using namespace orrery::benchmarks;

constexpr std::size_t most_sessions = 10'000;
constexpr std::size_t group = 100;  // the first brings in what is there once, whoever comes
constexpr std::size_t spare_descriptors = 100;
constexpr double budget_bytes = 512;
constexpr auto at_most = std::chrono::minutes(1);

// Where peers/live_bytes, loaded into a server, says how much it has allocated and not freed.
class LiveBytes {
 public:
  LiveBytes() : file_(::memfd_create("live_bytes", 0)) {
    if (::ftruncate(file_.get(), sizeof(Counter)) != 0) return;
    void* memory = ::mmap(nullptr, sizeof(Counter), PROT_READ, MAP_SHARED, file_.get(), 0);
    if (memory != MAP_FAILED) counter_ = static_cast<const Counter*>(memory);
  }
  LiveBytes(const LiveBytes&) = delete;
  LiveBytes& operator=(const LiveBytes&) = delete;
  ~LiveBytes() {
    if (counter_ != nullptr) ::munmap(const_cast<Counter*>(counter_), sizeof(Counter));
  }

  [[nodiscard]] std::vector<std::string> environment() const {
    return {"LD_PRELOAD=" + peer("live_bytes.so"), fmt::format("LIVE_BYTES_FD={}", file_.get())};
  }
  [[nodiscard]] double now() const {
    return counter_ != nullptr ? static_cast<double>(counter_->load()) : 0;
  }

 private:
  using Counter = std::atomic<std::int64_t>;

  net::Descriptor file_;
  const Counter* counter_ = nullptr;
};

using Crowd = std::vector<std::unique_ptr<Load>>;

// Opens so many sessions, each of which then echoes one message. They come in groups, because what
// a server keeps for busy moments is no matter of its idle sessions.
Result<Crowd> guests(std::uint16_t port, std::size_t sessions) {
  Crowd all;
  for (std::size_t left = sessions; left > 0; left -= std::min(left, group)) {
    const std::size_t come = std::min(left, group);
    auto load = Load::open({.port = port}, {.sessions = come});
    if (!load) return Error{load.error()};
    const auto work = (*load)->run({come, at_most});
    if (!work) return Error{work.error()};
    if (work->messages != come) return Error{"too slow to echo once in each session"};
    all.push_back(std::move(*load));
  }
  return all;
}

struct Memory {
  double resident = 0;
  double allocated = 0;
};

// Bytes per session.
Result<Memory> memory_of(const std::vector<std::string>& words, std::size_t sessions) {
  Memory memory;
  for (const bool counting : {false, true}) {
    const LiveBytes live;
    auto server =
        Child::start({.words = words,
                      .environment = counting ? live.environment() : std::vector<std::string>{}});
    if (!server) return Error{server.error()};
    const auto few = guests((*server)->port(), group);
    if (!few) return Error{few.error()};
    const auto resident_before = static_cast<double>((*server)->resident_bytes_at_rest());
    const double live_before = live.now();
    if (counting && live_before <= 0) return Error{"the allocator's bytes are not counted"};
    const auto many = guests((*server)->port(), sessions);
    if (!many) return Error{many.error()};
    const auto resident_after = static_cast<double>((*server)->resident_bytes_at_rest());
    const auto each = static_cast<double>(sessions);
    if (counting) {
      memory.allocated = (live.now() - live_before) / each;
    } else {
      memory.resident = (resident_after - resident_before) / each;
    }
  }
  return memory;
}

}  // namespace

int main() {
  const auto room = std::max<std::uint64_t>(net::raise_descriptor_limit(), 2 * spare_descriptors);
  const std::size_t sessions = std::min<std::size_t>(most_sessions, room - spare_descriptors);
  fmt::print("{} idle sessions, after one echo each.\n\n", sessions);
  fmt::print("| server | resident bytes per session | allocator's bytes per session |\n");
  fmt::print("|---|--:|--:|\n");
  const auto ours =
      memory_of({orrery_program(), "serve", "--set", "server.port=0", "--set", "admin.port=0",
                 "--set", "log.level=error", "--set", "pools.gear:echo.maxConnections=20000"},
                sessions);
  if (!ours) return give_up(ours.error());
  fmt::print("| orrery | {:.0f} | {:.0f} |\n", ours->resident, ours->allocated);
  const auto theirs = memory_of({peer("beast_echo")}, sessions);
  if (!theirs) return give_up(theirs.error());
  fmt::print("| Beast | {:.0f} | {:.0f} |\n", theirs->resident, theirs->allocated);
  if (std::max(ours->resident, ours->allocated) <= budget_bytes) return 0;
  return give_up(fmt::format("an idle session may cost {} bytes", budget_bytes));
}
