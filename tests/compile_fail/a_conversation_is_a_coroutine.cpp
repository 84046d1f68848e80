// expect: or be a coroutine that takes (Session&)
#include <orrery/orrery.h>

void greet(orrery::Session& client) {
  client.send("hello");
}

void routes(orrery::Router& router) {
  router.websocket("/", greet);
}
