// A slow client of a ticker needs the newest price of each share, not all the old ones: what still
// waits for it is replaced, and it costs the server one message per share.
#include <orrery/orrery.h>

#include "until_signal.h"

using namespace orrery;

class Ticker {
 public:
  void on_open(Session& client) { client.tick_every(20ms); }

  void on_tick(Session& client) {
    ++turn_;
    for (const std::string_view share : {"ACME", "HAL", "TYRELL"}) {
      const std::string price = std::to_string(turn_);
      client.send(text({share, " ", price, " ", book_}), {.key = share});
    }
  }

  // Nothing is lost in silence.
  void on_dropped(Session&, Dropped dropped) {
    if (dropped.cause == DropCause::replaced) replaced_ += dropped.messages;
  }

  // Without a key: it keeps its place, and a client that is too far behind for it is closed.
  void on_message(Session& client, Message) {
    client.send(std::to_string(replaced_) + " prices were replaced by newer ones");
  }

 private:
  int turn_ = 0;
  std::uint64_t replaced_ = 0;
  const std::string book_ = std::string(16384, '.');  // its order book
};

int main(int argc, char** argv) {
  Server server;
  server.websocket<Ticker>("/prices").limits({
      .queued_bytes = 256 * 1024,
      .overflow = Overflow::latest_per_key,
  });
  return examples::serve_until_signal(server, argc, argv);
}
