// A Talk is the session of `orrery connect`: lines in, frames out; frames in, words out.
//
// Owner   the command.
// Thread  its loop's.
// Limit   messages of 64 MiB; `unsent_limit` bytes wait for the server before the input must wait.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "cli/client_connection.h"
#include "websocket/endpoint.h"

namespace orrery::cli {

/// Where the words of a Talk go.
class TalkEvents {
 public:
  /// A message from the server, in a line.
  virtual void on_message_line(std::string_view line) = 0;
  /// What else there is to say.
  virtual void on_note(std::string_view text) = 0;
  virtual void on_talk_open() = 0;
  /// More may be said.
  virtual void on_talk_room() = 0;
  /// Once, and the last: whether it ended as it should.
  virtual void on_talk_end(bool well) = 0;

 protected:
  ~TalkEvents() = default;
};

class Talk final : private ClientEvents {
 public:
  static constexpr std::size_t unsent_limit = 1 << 20;
  static constexpr std::uint64_t message_bytes = 64 << 20;

  Talk(websocket::Opcode opcode, Random& random, TalkEvents& events)
      : events_(events), random_(random), opcode_(opcode) {}

  void open(std::unique_ptr<net::Stream> stream, const OpeningPlan& plan);
  /// Sends the line as it is.
  void say(std::string_view line);
  /// The same, but for a line that begins with '/': that is a command.
  void obey(std::string_view line);
  void close(std::uint16_t code = 1000, std::string_view reason = "");
  /// The server had its time: ends without its answer.
  void give_up();
  [[nodiscard]] bool has_room() const { return connection_.unsent_bytes() < unsent_limit; }

 private:
  void on_opened(const websocket::Agreed& agreed) override;
  void on_frames(std::span<char> bytes) override;
  void on_room() override { events_.on_talk_room(); }
  void on_ended(const Ending& ending) override;

  void send(websocket::Opcode opcode, std::string_view payload);
  void send_message(websocket::Opcode opcode, std::string_view payload);
  void tell(const websocket::Event& event);
  void closed_by_server(const websocket::CloseArrived& close);
  void obey_close(std::string_view words);
  void end(bool well);

  TalkEvents& events_;
  Random& random_;
  const websocket::Opcode opcode_;
  ClientConnection connection_{*this};
  websocket::DeflateEngine engine_{};
  websocket::Endpoint endpoint_{websocket::Role::client, message_bytes};
  bool closing_ = false;  // a close frame went out
  bool ended_ = false;
};

/// "binary, 5 bytes: 00 ff 10 ..."
[[nodiscard]] std::string hex_line(std::string_view payload);

}  // namespace orrery::cli
