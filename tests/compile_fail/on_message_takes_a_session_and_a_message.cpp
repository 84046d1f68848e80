// expect: on_message has the wrong signature: write void on_message(Session&, Message)
#include <orrery/orrery.h>

#include <string>

struct Wrong {
  void on_message(orrery::Session&, const std::string&) {}
};

void routes(orrery::Router& router) { router.websocket<Wrong>("/"); }
