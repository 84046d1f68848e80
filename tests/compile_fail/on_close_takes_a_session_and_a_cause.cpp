// expect: on_close has the wrong signature: write void on_close(Session&, CloseCause)
#include <orrery/orrery.h>

struct Wrong {
  void on_message(orrery::Session&, orrery::Message) {}
  void on_close(orrery::Session&, int) {}
};

void routes(orrery::Router& router) { router.websocket<Wrong>("/"); }
