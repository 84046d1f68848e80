// What does counting for the metrics cost a message that is echoed?
//
// As a session does it: what came in, what goes out, and one callback in 64 is timed. Once with
// nobody who looks, once while another thread adds up all the time; a scrape every second is far
// less than that.
#include <benchmark/benchmark.h>

#include <atomic>
#include <thread>

#include "base/clock.h"
#include "observe/gear_counters.h"

namespace {

using namespace orrery;

void count(observe::CountersByGear& book, observe::Traffic observe::GearCounters::*direction) {
  observe::Traffic& traffic = book.of(0, "echo", 0, "gear:echo").*direction;
  traffic.messages.add();
  traffic.bytes.add(64);
}

void count_messages(benchmark::State& state, observe::CountersByGear& book) {
  const SystemClock clock;
  std::uint32_t callbacks = 0;
  for (auto _ : state) {
    count(book, &observe::GearCounters::in);
    const bool timed = callbacks++ % 64 == 0;
    const auto began = timed ? clock.stopwatch() : std::chrono::nanoseconds{};
    count(book, &observe::GearCounters::out);
    if (timed) book.of(0, "echo", 0, "gear:echo").callbacks.add(clock.stopwatch() - began);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

void counting_one_echo(benchmark::State& state) {
  observe::CountersByGear book;
  count_messages(state, book);
}
BENCHMARK(counting_one_echo);

void counting_one_echo_while_somebody_adds_up(benchmark::State& state) {
  observe::CountersByGear book;
  std::atomic<std::uint64_t> seen{0};
  const std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested())
      book.for_each([&](const observe::GearCounters& counters) {
        seen.store(counters.in.bytes.count() + counters.out.bytes.count());
      });
  });
  count_messages(state, book);
}
BENCHMARK(counting_one_echo_while_somebody_adds_up);

}  // namespace

BENCHMARK_MAIN();
