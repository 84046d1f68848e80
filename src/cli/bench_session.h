// A BenchSession is one session of a load. This one only holds: it answers pings, and notices when
// the server ends it. What sends or hears is derived from it.
//
// Owner   its Crew.
// Thread  the loop's.
#pragma once

#include <memory>

#include "cli/answer_reader.h"
#include "cli/client_connection.h"
#include "cli/crew.h"

namespace orrery::cli {

class BenchSession : protected ClientEvents {
 public:
  /// `sender`: whose messages it will hear.
  BenchSession(Crew& crew, std::uint32_t sender) : crew_(crew), sender_(sender) {}
  virtual ~BenchSession() = default;
  BenchSession(const BenchSession&) = delete;
  BenchSession& operator=(const BenchSession&) = delete;

  virtual void open();
  /// All sessions are open: traffic may begin. Closed loop: `messages` at once.
  virtual void begin() {}
  /// The schedule's message of this number is due; send_due() follows, once for several.
  virtual void due(std::uint64_t) {}
  virtual void send_due() {}
  /// Publications of this sender reached everybody.
  virtual void on_reached(std::uint64_t) {}
  /// A close frame, and the end when the server answers it.
  virtual void say_goodbye();

 protected:
  void dial(Dialer& dialer);
  void on_opened(const websocket::Agreed& agreed) override;
  void on_frames(std::span<char> bytes) override;
  void on_room() override {}
  void on_ended(const Ending& ending) override;

  /// So many messages came.
  virtual void on_answers(std::uint64_t, Nanoseconds) {}
  [[nodiscard]] virtual bool slow() const { return false; }
  void close(std::uint16_t code);
  /// Ends it without a word.
  void cut();
  [[nodiscard]] bool is_open() const { return open_; }

  Crew& crew_;
  const std::uint32_t sender_;
  std::unique_ptr<ClientConnection> connection_{};
  std::unique_ptr<AnswerReader> reader_{};

 private:
  void on_close(const Reading& reading);

  bool open_ = false;
  bool closing_ = false;  // a close frame went out
};

/// The session number `number` of a crew's load: what the mode wants it to do.
[[nodiscard]] std::unique_ptr<BenchSession> make_session(Crew& crew, std::uint32_t number);

}  // namespace orrery::cli
