// A conversation, written down from top to bottom: it waits without holding a thread, and when the
// client goes it ends where it waits.
#include <orrery/orrery.h>

#include "until_signal.h"

using namespace orrery;

// A part of a conversation. What receive() yields is a view, valid until the next one is asked for.
Task<std::optional<std::string>> ask(Session& client, std::string_view question) {
  client.send(question);
  const auto answer = co_await client.receive();
  if (!answer) co_return std::nullopt;  // the session has ended
  co_return std::string(answer->text());
}

Task<> launch(Session& client) {
  const auto name = co_await ask(client, "who are you?");
  if (!name) co_return;
  const auto ready = co_await ask(client, "ready, " + *name + "?");
  if (ready != "yes") co_return;  // a conversation that ends closes its session, with 1000

  for (int number = 3; number > 0; --number) {
    client.send(std::to_string(number));
    co_await client.sleep_for(100ms);
  }
  client.send("lift-off!");

  while (const auto message = co_await client.receive())
    client.send(text({*name, " to ground: ", message->text()}));
}

int main(int argc, char** argv) {
  Server server;
  server.websocket("/launch", launch);
  return examples::serve_until_signal(server, argc, argv);
}
