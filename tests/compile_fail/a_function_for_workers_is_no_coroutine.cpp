// expect: a handler function for workers is no coroutine
#include <orrery/orrery.h>

orrery::Task<> slow(orrery::WorkerSession&, orrery::Message) {
  co_return;
}

void routes(orrery::Router& router) {
  router.websocket("/", slow).on_workers();
}
