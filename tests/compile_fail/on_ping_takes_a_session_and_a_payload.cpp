// expect: on_ping has the wrong signature: write void on_ping(Session&, std::string_view)
#include <orrery/orrery.h>

struct Wrong {
  void on_message(orrery::Session&, orrery::Message) {}
  void on_ping(orrery::Session&) {}
};

void routes(orrery::Router& router) { router.websocket<Wrong>("/"); }
