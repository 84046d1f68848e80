// expect: this handler has no on_message: write void on_message(Session&, Message)
#include <orrery/orrery.h>

struct Deaf {
  void on_open(orrery::Session&) {}
};

void routes(orrery::Router& router) { router.websocket<Deaf>("/deaf"); }
