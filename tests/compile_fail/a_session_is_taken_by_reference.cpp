// expect: on_message has the wrong signature: write void on_message(Session&, Message)
#include <orrery/orrery.h>

struct Wrong {
  void on_message(orrery::Session, orrery::Message) {}
};

void routes(orrery::Router& router) { router.websocket<Wrong>("/"); }
