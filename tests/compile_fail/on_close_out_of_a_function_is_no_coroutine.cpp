// expect: on_close is no coroutine: the session can't wait any more
#include <orrery/orrery.h>

orrery::Task<> leave(orrery::Session&, const orrery::CloseCause&) {
  co_return;
}

void routes(orrery::Router& router) {
  router.websocket("/", orrery::Callbacks{.on_close = leave});
}
