// expect: on_dropped has the wrong signature: write void on_dropped(Session&, Dropped)
#include <orrery/orrery.h>

struct Wrong {
  void on_message(orrery::Session&, orrery::Message) {}
  void on_dropped(orrery::Session&, std::size_t) {}
};

void routes(orrery::Router& router) {
  router.websocket<Wrong>("/");
}
