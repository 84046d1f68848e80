// Who is here, and who comes and goes: a snapshot, and then every change once.
#include <orrery/orrery.h>

#include "until_signal.h"

using namespace orrery;

class Guest {
 public:
  void on_open(Session& client) {
    room_ = "room:" + std::string(client.request().param("room"));
    const auto name = client.request().query("name").value_or("somebody");
    for (const Member& member : client.track(room_)) client.send("here: " + member.metadata);
    client.join(room_, name);  // the metadata is what the others see of a member
    client.send("welcome, " + name);
  }

  // Of everybody but itself; of who vanished without a word too.
  void on_presence(Session& client, const Presence& change) {
    const bool came = change.kind == Presence::Kind::joined;
    client.send(text({came ? "came: " : "went: ", change.metadata}));
  }

  // Any thread and any HTTP handler can ask the same of a Sender.
  void on_message(Session& client, Message) {
    const auto present = client.sender().count(room_);
    client.send(std::to_string(present.value) + (present.complete ? " here" : " here, at least"));
  }

 private:
  std::string room_;
};

int main(int argc, char** argv) {
  Server server;
  server.websocket<Guest>("/rooms/:room");
  return examples::serve_until_signal(server, argc, argv);
}
