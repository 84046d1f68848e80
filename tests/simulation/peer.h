// A Peer is one client: its end of a connection in memory, and its side of RFC 6455, sound or not.
//
// Owner   the stage.
// Thread  one.
// Why     unlike a TestClient it never turns the server by itself: the story decides who is next.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "book.h"
#include "net/memory_stream.h"
#include "websocket/endpoint.h"

namespace orrery::simulation {

class Peer {
 public:
  Peer(Book& book, Record& record, net::MemoryEnd end)
      : book_(book), record_(record), end_(std::move(end)) {}

  /// Asks for a session; what it says next may be glued to the handshake. `offered`: compression.
  void asks(std::string_view target, std::optional<websocket::DeflateParams> offered);
  void says(std::string_view text);
  void pings();
  void closes(std::uint16_t code);
  /// A frame that no client may send.
  void breaks_a_rule();
  /// FIN, and later nothing more.
  void finishes();
  void resets();
  void vanishes();
  void reads(bool reading);
  void answers_pings(bool answering) { answering_ = answering; }
  /// The server's n-th operation from now fails.
  void fails_at(std::size_t operation, int error) {
    record_.breaks_with = error;
    end_.fail_stream_operation(operation, error);
  }

  /// Writes what waits, takes what came. Whether it did anything.
  bool react(Time now);

  [[nodiscard]] Number number() const { return record_.number; }
  [[nodiscard]] int status() const { return status_; }
  /// Whether it may say something: it waits for the answer, or has a session.
  [[nodiscard]] bool talks() const {
    return !gone_ && !said_close_ && !record_.client_told && (status_ == 0 || status_ == 101);
  }
  [[nodiscard]] bool gone() const { return gone_; }
  [[nodiscard]] bool is_reading() const { return reading_; }

 private:
  void write_frame(websocket::Opcode opcode, std::string_view payload);
  void take_answer();
  void begin_session(std::string_view head);
  void notice_end();
  void take_frames(std::span<char> bytes, Time now);
  void on_event(const websocket::Event& event);
  void lose();

  Book& book_;
  Record& record_;
  net::MemoryEnd end_;
  std::string answer_{};
  std::string waiting_{};  // for room
  std::optional<websocket::DeflateParams> offered_{};
  websocket::DeflateEngine deflate_{};
  std::optional<websocket::Endpoint> endpoint_{};
  int status_ = 0;
  std::uint32_t masks_ = 0;
  bool said_close_ = false;
  bool reading_ = true;
  bool answering_ = true;
  bool gone_ = false;
};

}  // namespace orrery::simulation
