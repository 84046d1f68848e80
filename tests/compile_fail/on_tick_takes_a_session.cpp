// expect: on_tick has the wrong signature: write void on_tick(Session&)
#include <orrery/orrery.h>

struct Wrong {
  void on_message(orrery::Session&, orrery::Message) {}
  void on_tick(orrery::Session&, int) {}
};

void routes(orrery::Router& router) {
  router.websocket<Wrong>("/");
}
