// Everything has a limit, and says what happens beyond it: per server, scope, route and session.
#include <orrery/orrery.h>

#include <iostream>

#include "until_signal.h"

using namespace orrery;

// Little is believed of a stranger; who has said the password may send more.
struct Vault {
  bool trusted = false;

  void on_message(Session& client, Message message) {
    if (message.text() == "open sesame") {
      trusted = true;
      client.set_limits({.message_bytes = 64 * 1024, .idle = 10min});
    }
    client.send(
        text({std::to_string(message.size()), " bytes from a ", trusted ? "friend" : "stranger"}));
  }
  void on_close(Session&, CloseCause cause) {
    std::cerr << "closed: " << name_of(cause.kind) << " " << cause.code << std::endl;
  }
};

int main(int argc, char** argv) {
  ServerOptions options;
  options.limits.message_timeout = 10s;  // of every route, unless it says otherwise

  Server server(options);
  server.websocket<Vault>("/vault").limits({
      .message_bytes = 64,  // beyond: closed with 1009
      .idle = 30s,          // then a PING; no answer: closed
  });
  server.websocket("/ticker", [](Session& client, Message message) { client.send(message); })
      .limits({
          .messages_per_second = 5,
          .rate_policy = RatePolicy::drop,    // or close: 1008 "rate limited"
          .queued_bytes = 256 * 1024,         // what waits for a slow client
          .overflow = Overflow::drop_newest,  // or close: 1008 "slow consumer"
      });
  return examples::serve_until_signal(server, argc, argv);
}
