// expect: on_workers() is for handlers that take a WorkerSession&
#include <orrery/orrery.h>

struct Chat {
  void on_message(orrery::Session&, orrery::Message) {}
};

void routes(orrery::Router& router) {
  router.websocket<Chat>("/").on_workers();
}
