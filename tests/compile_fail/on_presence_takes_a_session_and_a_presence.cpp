// expect: on_presence has the wrong signature: write void on_presence(Session&, const Presence&)
#include <orrery/orrery.h>

struct Wrong {
  void on_message(orrery::Session&, orrery::Message) {}
  void on_presence(orrery::Session&, orrery::Member) {}
};

void routes(orrery::Router& router) {
  router.websocket<Wrong>("/");
}
