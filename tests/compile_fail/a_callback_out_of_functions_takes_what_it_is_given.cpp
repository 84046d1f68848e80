// expect: this callback does not take what its place in Callbacks gives it
#include <orrery/orrery.h>

void routes(orrery::Router& router) {
  router.websocket("/", orrery::Callbacks{.on_tick = [](orrery::Session&, int) {}});
}
