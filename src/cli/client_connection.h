// A ClientConnection is the client's end of a connection: first the opening handshake, then frames.
//
// Owner   a session of `connect` or `bench`; never destroyed inside one of its own callbacks.
// Thread  its loop's.
// Limit   none of its own: whoever writes looks at unsent_bytes() first.
// Why     frames go out and come in as bytes: `connect` reads them with an Endpoint, `bench` with
//         less.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cli/opening.h"
#include "net/byte_queue.h"
#include "net/stream.h"

namespace orrery::cli {

/// How a connection ended, or why it never opened.
struct Ending {
  bool opened = false;  // there was a session
  int error = 0;        // errno; 0: the server hung up in order
  std::optional<Refused> refused{};
  std::string text{};  // for people
};

class ClientEvents {
 public:
  virtual void on_opened(const websocket::Agreed& agreed) = 0;
  /// Frames from the server, or parts of them; they may be changed in place.
  virtual void on_frames(std::span<char> bytes) = 0;
  /// All that was written is out of our hands.
  virtual void on_room() = 0;
  /// Once, and the last of all.
  virtual void on_ended(const Ending& ending) = 0;

 protected:
  ~ClientEvents() = default;
};

class ClientConnection final : private net::StreamEvents {
 public:
  explicit ClientConnection(ClientEvents& events) : events_(events) {}
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  /// Asks for the session. Nothing is told before it returns.
  void open(std::unique_ptr<net::Stream> stream, const OpeningPlan& plan, Random& random);
  /// What the stream does not take now goes out later.
  void write(std::string_view bytes);
  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_.size(); }
  void pause_reading() { stream_->pause_reading(); }
  void resume_reading() { stream_->resume_reading(); }
  /// FIN after the last byte.
  void finish_writing();
  /// Ends it at once; nothing more is told.
  void abort();
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  void on_bytes(std::span<char> bytes) override;
  void on_writable() override;
  void on_end(int error) override;
  void answered(const Opening::Event& event);
  void end(Ending ending);

  ClientEvents& events_;
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<Opening> opening_;  // until the session is open
  net::ByteQueue unsent_;
  bool finishing_ = false;
  bool ended_ = false;
};

}  // namespace orrery::cli
