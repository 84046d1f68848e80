// expect: on_open has the wrong signature: write void on_open(Session&)
#include <orrery/orrery.h>

struct Wrong {
  void on_open() {}
  void on_message(orrery::Session&, orrery::Message) {}
};

void routes(orrery::Router& router) { router.websocket<Wrong>("/"); }
