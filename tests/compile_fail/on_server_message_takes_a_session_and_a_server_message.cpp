// expect: on_server_message has the wrong signature: write void on_server_message(Session&,
// ServerMessage)
#include <orrery/orrery.h>

struct Wrong {
  void on_message(orrery::Session&, orrery::Message) {}
  void on_server_message(orrery::Session&, std::string_view) {}
};

void routes(orrery::Router& router) {
  router.websocket<Wrong>("/");
}
