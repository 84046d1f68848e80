// A TestServer is the real server on memory streams and a clock that stands still: no socket, no
// thread, no waiting.
//
//   TestServer server([](Router& routes) { routes.websocket<Chat>("/rooms/:room"); });
//   auto alice = server.connect("/rooms/tea");
//   auto bob   = server.connect("/rooms/tea");
//   alice.says("hello");
//   EXPECT_TRUE(bob.hears("hello"));
//
// Owner   the test. Clients may outlive their server: they are then disconnected.
// Thread  one.
// Errors  what only a mistake in the test can cause is an exception (std::logic_error).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orrery/orrery.h"

namespace orrery {

namespace testing_detail {
struct World;
struct Line;
}  // namespace testing_detail

/// What a client asks with: an opening handshake or a plain request.
struct TestRequest {
  std::string method = "GET";
  HeaderList headers{};
  std::string body{};
  std::vector<std::string> subprotocols{};
  std::string address = "192.0.2.1";  // where the client seems to come from
  bool compression = false;           // offer permessage-deflate
};

/// The close frame that a client got, or that its connection just ended (code 1006).
struct TestClose {
  std::uint16_t code = 1006;  // 1005: a close frame without a code
  std::string reason{};
};

/// One client. Everything it does is done when the call returns: the server has had its turns.
class TestClient {
 public:
  TestClient(TestClient&&) noexcept;
  TestClient& operator=(TestClient&&) noexcept;
  ~TestClient();  // vanishes without a word

  /// The status of the handshake: 101 if there is, or was, a session; 0 if no answer has come.
  [[nodiscard]] int status() const;
  /// The whole answer to the handshake, refusals with their body.
  [[nodiscard]] const Response& answer() const;
  /// The subprotocol that the server chose, or empty.
  [[nodiscard]] std::string subprotocol() const;

  void says(std::string_view text);
  void says_binary(std::string_view bytes);
  void pings(std::string_view payload = {});
  void closes(std::uint16_t code = 1000, std::string_view reason = {});
  /// Sends bytes as they are: broken frames, half ones, another request after a refusal ...
  void sends_raw(std::string_view bytes);
  /// Ends the connection without a closing handshake.
  void vanishes();
  /// Stops and starts reading from the server, as a slow client does.
  void stops_reading();
  void reads_again();

  /// Whether the next message, in the order of arrival, is this text; takes it if it is.
  [[nodiscard]] bool hears(std::string_view text);
  /// The same for a binary message.
  [[nodiscard]] bool hears_binary(std::string_view bytes);
  /// Takes the next message, text or binary; nothing if none has come.
  [[nodiscard]] std::optional<std::string> next();
  /// Whether nothing has come that was not taken.
  [[nodiscard]] bool hears_nothing() const;
  [[nodiscard]] std::size_t pings_heard() const;
  [[nodiscard]] std::size_t pongs_heard() const;
  /// How the session ended; nothing while it is open.
  [[nodiscard]] std::optional<TestClose> closed() const;

 private:
  friend class TestServer;
  explicit TestClient(std::shared_ptr<testing_detail::Line> line);
  std::shared_ptr<testing_detail::Line> line_;
};

class TestServer {
 public:
  explicit TestServer(const std::function<void(Router&)>& routes, ServerOptions options = {});
  ~TestServer();

  /// Shakes hands at `target` ("/rooms/tea?x=1"). A refusal is a client with its status().
  [[nodiscard]] TestClient connect(std::string_view target, TestRequest with = {});
  /// A plain request on a connection of its own.
  [[nodiscard]] Response get(std::string_view target, TestRequest with = {});
  [[nodiscard]] Response request(std::string_view method, std::string_view target,
                                 TestRequest with = {});

  /// Lets time pass: timers fire in order, each at its time.
  void advance(std::chrono::milliseconds by);
  /// As Server::stop(): asks all sessions to go (close 1001).
  void stop();
  /// Sessions that are open.
  [[nodiscard]] std::size_t sessions() const;
  /// Log lines so far, "level line".
  [[nodiscard]] const std::vector<std::string>& log() const;

 private:
  std::shared_ptr<testing_detail::World> world_;
};

}  // namespace orrery
