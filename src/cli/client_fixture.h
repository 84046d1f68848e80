// What the tests of the client share: streams in memory whose other end is a server that the test
// plays by hand.
//
// Owner   the test. Nothing but tests includes this.
// Thread  one.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/dialer.h"
#include "net/manual_poller.h"
#include "net/memory_stream.h"
#include "websocket/encoder.h"
#include "websocket/handshake.h"
#include "websocket/transcript.h"

namespace orrery::cli {

/// The server's end of one connection.
class PlayedServer {
 public:
  PlayedServer(net::Loop& loop, net::MemoryEnd end) : loop_(loop), end_(std::move(end)) {}

  void turn() {
    for (int i = 0; i < 20; ++i) loop_.turn(milliseconds{0});
  }
  void sends(std::string_view bytes) {
    EXPECT_EQ(end_.write(bytes), bytes.size());
    turn();
  }
  /// What the client said, raw.
  std::string hears() {
    turn();
    return end_.read();
  }
  /// What the client asks for; then it is answered with a 101 that has `more` headers.
  std::string accepts(std::string_view more = "") {
    const std::string request = hears();
    sends(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        websocket::accept_key(header(request, "Sec-WebSocket-Key")) + "\r\n" + std::string(more) +
        "\r\n");
    return request;
  }
  void sends_frame(websocket::Opcode opcode, std::string_view payload,
                   const websocket::FrameForm& form = {}) {
    sends(websocket::encode_frame(opcode, payload, form));
  }
  void sends_text(std::string_view text) { sends_frame(websocket::Opcode::text, text); }
  void sends_close(std::uint16_t code, std::string_view reason = "") {
    sends_frame(websocket::Opcode::close, websocket::close_payload(code, reason));
  }
  /// The client's frames, read as a server reads them: masked or a fault.
  std::string hears_frames() { return websocket::transcript_of(endpoint_, {hears()}); }
  net::MemoryEnd& end() { return end_; }

  static std::string header(std::string_view request, std::string_view name) {
    const auto begin = request.find(std::string(name) + ": ");
    if (begin == request.npos) return {};
    const auto value = begin + name.size() + 2;
    return std::string(request.substr(value, request.find("\r\n", value) - value));
  }

 private:
  net::Loop& loop_;
  net::MemoryEnd end_;
  websocket::Endpoint endpoint_{websocket::Role::server, 16 << 20};
};

/// Every dial() is a new connection in memory.
class MemoryDialer final : public Dialer {
 public:
  explicit MemoryDialer(net::Loop& loop) : loop_(loop) {}
  Result<std::unique_ptr<net::Stream>> dial() override {
    if (full) return Error{why_lost(EMFILE)};
    auto [stream, end] = net::MemoryStream::driven(loop_);
    servers.push_back(std::make_unique<PlayedServer>(loop_, std::move(end)));
    return std::unique_ptr<net::Stream>(std::move(stream));
  }

  std::vector<std::unique_ptr<PlayedServer>> servers{};
  bool full = false;

 private:
  net::Loop& loop_;
};

/// A loop on a clock that stands still.
class ClientFixture : public testing::Test {
 protected:
  ManualClock clock{};
  net::Loop loop{clock, std::make_unique<net::ManualPoller>()};
  SeededRandom random{7};
  MemoryDialer dialer{loop};

  PlayedServer& server(std::size_t number = 0) { return *dialer.servers.at(number); }
};

}  // namespace orrery::cli
