// expect: on_pong has the wrong signature: write void on_pong(Session&, std::string_view)
#include <orrery/orrery.h>

struct Wrong {
  void on_message(orrery::Session&, orrery::Message) {}
  void on_pong(std::string_view) {}
};

void routes(orrery::Router& router) { router.websocket<Wrong>("/"); }
