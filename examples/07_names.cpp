// A name belongs to at most one session, and whoever knows it can send there.
#include <orrery/orrery.h>

#include "until_signal.h"

using namespace orrery;

class Person {
 public:
  // While it is suspended, this session's messages wait: nobody speaks before the name is theirs.
  Task<> on_open(Session& client) {
    name_ = client.request().param("name");
    const auto claimed = co_await client.register_name("user:" + name_);
    if (claimed)
      client.send("you are " + name_);
    else
      client.close(4001, "that name is taken");
  }

  // "Bob: are you there?"
  void on_message(Session& client, Message message) {
    const std::string_view text = message.text();
    const auto colon = std::min(text.find(": "), text.size());
    const std::string to(text.substr(0, colon));
    const std::string words = name_ + std::string(text.substr(colon));
    switch (client.sender().send_to_name("user:" + to, words)) {
      case NamePosted::queued: return;
      case NamePosted::no_such_name: return client.send(to + " is not here");
      case NamePosted::full: return client.send(to + " has too much to read already");
      case NamePosted::unavailable: return client.send("nobody knows where " + to + " is");
    }
  }

 private:
  std::string name_;
};

int main(int argc, char** argv) {
  Server server;
  server.websocket<Person>("/people/:name");
  // Here the newcomer gets the name: who had it is closed with 4000, unless it has on_name_lost.
  server.websocket<Person>("/desks/:name").on_name_conflict(NameConflict::replace);
  return examples::serve_until_signal(server, argc, argv);
}
