// A Line is one client: its end of a connection, the answer to its request, and then its side of
// RFC 6455.
//
// Owner   its TestClient. The World knows it weakly, and it the World.
// Thread  the test's.
// Limit   none: what has come and was not taken is kept.
// Why     it behaves as a sound client does (answers pings and closes), so that a test only says
// what
//         differs; sends() takes bytes as they are for tests of what is unsound.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/response_reader.h"
#include "net/memory_stream.h"
#include "orrery/testing.h"
#include "websocket/endpoint.h"
#include "websocket/handshake.h"

namespace orrery::testing_detail {

struct Heard {
  websocket::Opcode type;
  std::string payload;
};

struct Line {
  Line(std::weak_ptr<World> of_world, net::MemoryEnd its_end);

  /// Asks, and settles the world: what the server answers is in `answer`.
  void ask(std::string_view method, std::string_view target, const TestRequest& with);
  /// The same with an opening handshake (RFC 6455 §4.1).
  void shake_hands(std::string_view target, const TestRequest& with);

  /// Whether the session is open: the handshake was accepted, and no side has ended it.
  [[nodiscard]] bool open() const;
  /// Sends a frame of an open session; an exception if it isn't. `doing` names the test's call.
  void send_frame(const char* doing, websocket::Opcode opcode, std::string_view payload);
  void close(std::uint16_t code, std::string_view reason);
  void sends(std::string_view bytes);
  void vanish();
  /// The server is gone, and what the session needs of its world.
  void lose_world();
  void read_again(bool reading);

  /// Whether this is the next message; takes it if it is.
  [[nodiscard]] bool take_message(websocket::Opcode type, std::string_view payload);

  /// Writes what waits, takes what came. Whether it did anything.
  bool react();
  void settle();

  std::weak_ptr<World> world;
  net::MemoryEnd end;
  Response answer{0};
  std::string subprotocol;
  std::deque<Heard> messages;
  std::size_t pings = 0;
  std::size_t pongs = 0;
  std::optional<TestClose> closed;

 private:
  void take(std::span<char> bytes);
  void take_answer(std::span<char>& bytes);
  void keep_answer();
  void start_session();
  void take_frames(std::span<char>& bytes);
  void on_event(const websocket::Event& event);
  void on_close_frame(const websocket::CloseArrived& close);
  void on_end();
  void write_frame(websocket::Opcode opcode, std::string_view payload);
  void require_connection(const char* doing) const;

  http::ResponseReader reader_;
  std::optional<websocket::Endpoint> endpoint_;  // once the session is open
  websocket::Asked asked_;
  std::string waiting_;  // for room in the connection's window
  bool asked_for_session_ = false;
  bool said_close_ = false;
  bool reading_ = true;
  bool gone_ = false;
};

/// The bytes of a request. Headers that `with` has replace ours of the same name.
[[nodiscard]] std::string request_bytes(std::string_view method, std::string_view target,
                                        HeaderList ours, const TestRequest& with);

}  // namespace orrery::testing_detail
