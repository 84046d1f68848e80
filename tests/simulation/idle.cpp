#include "idle.h"

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "net/loop.h"
#include "net/manual_poller.h"
#include "net/memory_stream.h"
#include "observe/log.h"
#include "server/engine.h"

namespace orrery::simulation {

namespace {

using namespace std::chrono_literals;

// A session is pinged 50 s after it last heard of its client (idle timeout less the lead), which
// answers within a second. They open over that time, a batch a second, and are pinged in batches.
constexpr std::size_t batches = 51;
constexpr std::size_t pong_bytes = 6;

class Silence final : public observe::Log {
 public:
  [[nodiscard]] bool wants(observe::Level) const override { return false; }
  using observe::Log::write;
  void write(observe::Level, std::string_view, observe::LogFields) override {}
};

std::size_t resident_bytes() {
  std::ifstream memory("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  memory >> all >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

std::unique_ptr<pools::Workers> no_workers(const pools::WorkerLimits&) {
  return std::make_unique<pools::InlineWorkers>();
}

ServerOptions options_for(std::size_t sessions) {
  ServerOptions options;
  options.connections = sessions;
  options.pools["gear:main"] = {.sessions = sessions};
  return options;
}

class Crowd {
 public:
  explicit Crowd(std::size_t sessions)
      : wanted_(sessions),
        engine_(options_for(sessions), {clock_, log_, jobs_, random_, no_workers}) {
    router_.websocket("/", [](Session& client, Message message) { client.send(message); });
    auto started = engine_.start_on(router_, loop_);
    if (!started) throw std::logic_error("the idle server can't start: " + started.error());
    server_ = *started;
  }

  IdleReport run(std::chrono::seconds virtual_time) {
    IdleReport report;
    const std::size_t before = resident_bytes();
    const Stopwatch opening;
    for (std::size_t batch = 0; batch < batches; ++batch) {
      open((batch + 1) * wanted_ / batches - ends_.size());
      pass(1s);
    }
    report.opening_seconds = opening.seconds();
    const Stopwatch hour;
    for (std::int64_t second = 0; second < virtual_time.count(); ++second) {
      report.pings += answer(static_cast<std::size_t>(second) % batches);
      pass(1s);
    }
    report.hour_seconds = hour.seconds();
    report.sessions = server_->sessions();
    report.bytes_per_session = (resident_bytes() - before) / wanted_;
    return report;
  }

 private:
  void open(std::size_t how_many) {
    const std::size_t first = ends_.size();
    for (std::size_t i = 0; i < how_many; ++i) {
      auto [stream, end] = net::MemoryStream::driven(loop_);
      server_->accept(std::move(stream));
      end.write(
          "GET / HTTP/1.1\r\nHost: simulation\r\nUpgrade: websocket\r\n"
          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
      ends_.push_back(std::move(end));
    }
    settle();
    for (std::size_t i = first; i < ends_.size(); ++i) (void)ends_[i].read();
    settle();
  }

  // Every client of a batch that was pinged sends its pong.
  std::size_t answer(std::size_t batch) {
    static constexpr std::string_view pong("\x8a\x80\x01\x02\x03\x04", pong_bytes);
    std::size_t answered = 0;
    const std::size_t end = (batch + 1) * wanted_ / batches;
    for (std::size_t i = batch * wanted_ / batches; i < end; ++i) {
      if (ends_[i].readable() == 0) continue;
      (void)ends_[i].read();
      answered += ends_[i].write(pong) == pong_bytes ? 1 : 0;
    }
    settle();
    return answered;
  }

  void pass(milliseconds time) {
    clock_.advance(time);
    settle();
  }

  // The timer wheel takes its time with many timers: a turn may have called none and yet be due.
  void settle() {
    const auto due = [this] {
      const auto next = loop_.timers().next_deadline();
      return next && *next <= clock_.now();
    };
    while (loop_.turn(milliseconds{0}) || due()) {
    }
  }

  const std::size_t wanted_;
  ManualClock clock_{};
  SeededRandom random_{1};
  Silence log_{};
  server::InlineJobs jobs_{};
  Router router_{};
  net::Loop loop_{clock_, std::make_unique<net::ManualPoller>()};
  std::vector<net::MemoryEnd> ends_{};
  server::Engine engine_;
  server::LoopServer* server_ = nullptr;
};

}  // namespace

IdleReport idle(std::size_t sessions, std::chrono::seconds virtual_time) {
  return Crowd(sessions).run(virtual_time);
}

}  // namespace orrery::simulation
