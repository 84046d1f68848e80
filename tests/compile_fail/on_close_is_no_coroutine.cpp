// expect: on_close is no coroutine: the session can't wait any more
#include <orrery/orrery.h>

struct Late {
  void on_message(orrery::Session&, orrery::Message) {}
  orrery::Task<> on_close(orrery::Session&, orrery::CloseCause) { co_return; }
};

void routes(orrery::Router& router) {
  router.websocket<Late>("/");
}
