// expect: this handler is for workers, so each of its callbacks takes a WorkerSession&
#include <orrery/orrery.h>

struct Mixed {
  void on_open(orrery::Session&) {}
  void on_message(orrery::WorkerSession&, orrery::Message) {}
};

void routes(orrery::Router& router) {
  router.websocket<Mixed>("/").on_workers();
}
