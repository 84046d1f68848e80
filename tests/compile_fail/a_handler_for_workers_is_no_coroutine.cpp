// expect: a callback for workers is no coroutine
#include <orrery/orrery.h>

struct Slow {
  orrery::Task<> on_message(orrery::WorkerSession&, orrery::Message) { co_return; }
};

void routes(orrery::Router& router) {
  router.websocket<Slow>("/").on_workers();
}
