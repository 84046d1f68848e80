#include "gears/echo/gear.h"

#include <string>

#include "orrery/session.h"

namespace orrery::gears {
namespace {

// One member of a group: it hears the others, byte for byte, and nothing else.
struct Member {
  std::string group;

  void on_open(Session& client) {
    group = "echo:";
    group += client.request().param("group");
    client.join(group);
  }
  void on_message(Session& client, Message message) { client.publish_to_others(group, message); }
};

}  // namespace

void EchoGear::routes(Router& routes) {
  routes.websocket("", [](Session& client, Message message) { client.send(message); });
  routes.websocket<Member>("/groups/:group");
}

}  // namespace orrery::gears
