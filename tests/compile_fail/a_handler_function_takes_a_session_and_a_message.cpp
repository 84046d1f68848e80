// expect: a handler function must take (Session&, Message); for a handler type write websocket<Type>(path, arguments...)
#include <orrery/orrery.h>

void routes(orrery::Router& router) {
  router.websocket("/", [](orrery::Session&) {});
}
