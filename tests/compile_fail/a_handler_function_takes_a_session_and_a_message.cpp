// expect: a handler function must take (Session&, Message)
#include <orrery/orrery.h>

void routes(orrery::Router& router) {
  router.websocket("/", [](orrery::Session&, int) {});
}
