// expect: on_rate_limited has the wrong signature: write void on_rate_limited(Session&, Message)
#include <orrery/orrery.h>

struct Wrong {
  void on_message(orrery::Session&, orrery::Message) {}
  void on_rate_limited(orrery::Session&, int) {}
};

void routes(orrery::Router& router) {
  router.websocket<Wrong>("/");
}
