// expect: on_drain has the wrong signature: write void on_drain(Session&)
#include <orrery/orrery.h>

struct Wrong {
  void on_message(orrery::Session&, orrery::Message) {}
  void on_drain(orrery::Session&, orrery::DrainOptions) {}
};

void routes(orrery::Router& router) {
  router.websocket<Wrong>("/");
}
