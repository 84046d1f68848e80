// What the tests share that look at bytes: a server in memory, and clients that are driven by hand.
// TestServer tells stories in messages; here a test can cut, fail and stop reading at every byte.
//
// Owner   the test. Nothing but tests includes this.
// Thread  one.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "http/response_reader.h"
#include "net/manual_poller.h"
#include "net/memory_stream.h"
#include "observe/log.h"
#include "server/engine.h"
#include "websocket/encoder.h"
#include "websocket/transcript.h"

namespace orrery::server {

/// What happened in the handlers, in order.
using Story = std::vector<std::string>;

/// A file thread that works only when it is told to.
class HeldJobs final : public Jobs {
 public:
  void run(net::Loop& home, Function<void()> work, Function<void()> done) override {
    waiting_.push_back({&home, std::move(work), std::move(done)});
    if (!held) work_off();
  }
  void stop() override { waiting_.clear(); }
  void work_off() {
    while (!waiting_.empty()) {
      Job job = std::move(waiting_.front());
      waiting_.pop_front();
      job.work();
      job.home->post(std::move(job.done));
    }
  }

  bool held = false;

 private:
  struct Job {
    net::Loop* home;
    Function<void()> work;
    Function<void()> done;
  };
  std::deque<Job> waiting_;
};

inline std::unique_ptr<pools::Workers> inline_workers(const pools::WorkerLimits&) {
  return std::make_unique<pools::InlineWorkers>();
}

/// The real engine on loops that are turned by hand, with a clock that stands still.
class WireServer {
 public:
  explicit WireServer(const std::function<void(Router&)>& declare, ServerOptions options = {},
                      std::size_t loop_count = 1, pools::WorkersFactory workers = inline_workers)
      : engine(std::move(options), Environment{clock, log, jobs, random, std::move(workers)}) {
    declare(router);
    for (std::size_t i = 0; i < loop_count; ++i) {
      auto poller = std::make_unique<net::ManualPoller>(net::ManualPoller::Sends::together);
      loops.push_back(
          std::make_unique<net::Loop>(clock, std::move(poller), net::LoopOptions{.index = i}));
      auto started = engine.start_on(router, *loops.back());
      if (!started) throw std::logic_error(started.error());
      servers.push_back(*started);
    }
  }

  /// A connection that was just accepted.
  [[nodiscard]] net::MemoryEnd dial(net::MemoryOptions options = {}, std::size_t loop = 0) {
    auto [stream, end] = net::MemoryStream::driven(*loops[loop], std::move(options));
    servers[loop]->accept(std::move(stream));
    return std::move(end);
  }

  /// One turn of each loop; whether anything happened.
  bool turn() {
    bool any = false;
    for (auto& loop : loops) any |= loop->turn(milliseconds{0});
    return any;
  }

  void settle() {
    for (int turns = 0; turns < 1'000'000; ++turns)
      if (!turn()) return;
    throw std::logic_error("the server never comes to rest");
  }

  /// Lets time pass, a tick of the timer wheel at a time.
  void advance(milliseconds by) {
    for (settle(); by.count() > 0; settle()) {
      const auto step = std::min(by, net::TimerWheel::resolution);
      clock.advance(step);
      by -= step;
    }
  }

  [[nodiscard]] std::size_t sessions() const {
    std::size_t count = 0;
    for (const auto* server : servers) count += server->sessions();
    return count;
  }

  ManualClock clock;
  observe::MemoryLog log;
  HeldJobs jobs;
  SeededRandom random{1};
  Router router;
  std::vector<std::unique_ptr<net::Loop>> loops;
  Engine engine;  // from here on last: it uses everything above
  std::vector<LoopServer*> servers;
};

/// A client's frame, masked with a fixed key.
inline std::string frame(websocket::Opcode opcode, std::string_view payload, bool fin = true) {
  return websocket::encode_frame(opcode, payload,
                                 {.fin = fin, .mask = websocket::MaskKey{0x11, 0x22, 0x33, 0x44}});
}
inline std::string text_frame(std::string_view payload) {
  return frame(websocket::Opcode::text, payload);
}
inline std::string close_frame(std::uint16_t code, std::string_view reason = {}) {
  return frame(websocket::Opcode::close, websocket::close_payload(code, reason));
}

/// A whole opening handshake; `more` are header lines with their CRLF.
inline std::string handshake(std::string_view target, std::string_view more = {}) {
  std::string bytes("GET ");
  bytes.append(target).append(" HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n");
  bytes.append("Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
  bytes.append("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n").append(more).append("\r\n");
  return bytes;
}

/// "GET /x" as a plain request.
inline std::string request(std::string_view line, std::string_view more = {},
                           std::string_view body = {}) {
  std::string bytes(line);
  bytes.append(" HTTP/1.1\r\nHost: test\r\n").append(more);
  if (!body.empty()) bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return bytes.append("\r\n").append(body);
}

/// Where the head that stands at the beginning of `bytes` ends.
inline std::size_t end_of_head(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? bytes.size() : end + 4;
}

/// What the server said behind its 101, as lines: "text hello", "close 1000 bye".
inline std::string frames_in(std::string_view bytes) {
  websocket::Endpoint endpoint(websocket::Role::client, std::uint64_t{1} << 40);
  return websocket::transcript_of(endpoint, {std::string(bytes)});
}
inline std::string frames_behind_101(std::string_view bytes) {
  if (!bytes.starts_with("HTTP/1.1 101 ")) return "no 101 but: " + std::string(bytes);
  return frames_in(bytes.substr(end_of_head(bytes)));
}

/// The answers in `bytes`, as lines: "200 body". `To::head` are those without their bodies.
inline std::string answers_in(std::string_view bytes,
                              http::ResponseReader::To to = http::ResponseReader::To::get) {
  std::string copy(bytes);
  std::span<char> input(copy);
  http::ResponseReader reader({.head_bytes = 1 << 20, .header_count = 1000, .body_bytes = 1 << 30});
  reader.reset(to);
  std::string answers;
  while (true) {
    const auto event = reader.next(input);
    if (const auto* fault = std::get_if<http::Fault>(&event)) return answers + fault->reason;
    if (std::holds_alternative<http::NeedMore>(event)) return answers;
    if (!std::holds_alternative<http::ResponseComplete>(event)) continue;
    answers += std::to_string(reader.head().status) + " ";
    answers.append(reader.body()).append("\n");
    reader.reset(to);
  }
}

/// A client that writes and reads only when it is told to.
class WireClient {
 public:
  explicit WireClient(WireServer& server, net::MemoryOptions options = {}, std::size_t loop = 0)
      : server_(&server), end(server.dial(std::move(options), loop)) {}

  void sends(std::string_view bytes) {
    while (true) {
      bytes.remove_prefix(end.write(bytes));
      server_->settle();
      if (bytes.empty() || end.closed()) return;
    }
  }
  void sends_pieces(const std::vector<std::string>& pieces) {
    for (const auto& piece : pieces) sends(piece);
  }
  /// All that came since the last time.
  [[nodiscard]] std::string hears() {
    std::string all;
    while (true) {
      server_->settle();
      auto more = end.read();
      if (more.empty()) return all;
      all += more;
    }
  }
  [[nodiscard]] std::string hears_frames() { return frames_in(hears()); }
  /// Opens a session, and forgets the 101.
  WireClient& opens(std::string_view target, std::string_view more = {}) {
    sends(handshake(target, more));
    (void)end.read();
    return *this;
  }
  [[nodiscard]] net::MemoryState state() {
    server_->settle();
    return end.state();
  }

 private:
  WireServer* server_;

 public:
  net::MemoryEnd end;
};

}  // namespace orrery::server
