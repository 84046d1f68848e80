#include "idle.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "net/loop.h"
#include "net/manual_poller.h"
#include "net/stream.h"
#include "observe/log.h"
#include "server/engine.h"

namespace orrery::simulation {

namespace {

using namespace std::chrono_literals;

// A session is pinged 50 s after it last heard of its client (idle timeout less the lead). They
// open over that time, some in each step, so that few are pinged in one turn, as it would be.
constexpr milliseconds step{50};
constexpr std::size_t batches = 51s / step;

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

/// What the clients have seen, all together.
struct Seen {
  std::size_t sessions = 0;  // that were opened
  std::size_t pings = 0;
  std::size_t others = 0;  // writes that are neither the answer to a handshake nor a PING
};

/// A stream with its client in it, which asks for a session and then only answers PINGs.
///
/// Owner   the connection on top of it.
/// Why     not a MemoryStream with a client at its other end: that is one line of cache here, and
///         ten there, for each of many million PINGs.
class SilentClient final : public net::Stream, private net::Requeued {
 public:
  SilentClient(net::Loop& loop, Seen& seen) : loop_(loop), seen_(seen) {}

  void start(net::StreamEvents& events) override {
    events_ = &events;
    says(handshake);
  }
  // The server writes the answer to the handshake alone, and each PING too.
  net::Written write(std::span<const iovec> pieces) override {
    net::Written written;
    for (const iovec& piece : pieces) written.bytes += piece.iov_len;
    if (written.bytes == 0) return written;
    const char first = *static_cast<const char*>(pieces.front().iov_base);
    if (first == '\x89' && written.bytes == ping_bytes) {
      ++seen_.pings;
      says(pong);
    } else if (first == 'H') {
      ++seen_.sessions;
    } else {
      ++seen_.others;
    }
    return written;
  }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override {
    paused_ = false;
    if (!waiting_.empty()) loop_.again(*this);
  }
  void finish_writing() override {}
  void abort() override { waiting_ = {}; }
  [[nodiscard]] net::Peer peer() const override { return {"127.0.0.1", 40000}; }

 private:
  static constexpr std::size_t ping_bytes = 2;
  static constexpr std::string_view pong{"\x8a\x80\x01\x02\x03\x04", 6};
  static constexpr std::string_view handshake =
      "GET / HTTP/1.1\r\nHost: simulation\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

  void says(std::string_view bytes) {
    waiting_ = bytes;
    loop_.again(*this);
  }
  void on_again() override {
    if (paused_) return;
    const std::string_view bytes = std::exchange(waiting_, {});
    const auto buffer = loop_.read_buffer().first(bytes.size());
    std::ranges::copy(bytes, buffer.begin());
    if (!bytes.empty()) events_->on_bytes(buffer);
  }

  net::Loop& loop_;
  Seen& seen_;
  net::StreamEvents* events_ = nullptr;
  std::string_view waiting_{};  // for the loop's next turn
  bool paused_ = false;
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
    std::size_t opened = 0;
    for (std::size_t batch = 0; batch < batches; ++batch) {
      for (; opened < (batch + 1) * wanted_ / batches; ++opened)
        server_->accept(std::make_unique<SilentClient>(loop_, seen_));
      settle();
      pass(step);
    }
    report.opening_seconds = opening.seconds();
    const Stopwatch hour;
    for (auto left = virtual_time / step; left > 0; --left) pass(step);
    report.hour_seconds = hour.seconds();
    report.sessions = seen_.others == 0 ? server_->sessions() : 0;
    report.pings = seen_.pings;
    report.bytes_per_session = (resident_bytes() - before) / wanted_;
    return report;
  }

 private:
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
  Seen seen_{};
  server::Engine engine_;
  server::LoopServer* server_ = nullptr;
};

}  // namespace

IdleReport idle(std::size_t sessions, std::chrono::seconds virtual_time) {
  return Crowd(sessions).run(virtual_time);
}

}  // namespace orrery::simulation
