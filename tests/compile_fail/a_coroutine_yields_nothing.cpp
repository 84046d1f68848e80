// expect: on_message has the wrong signature: write void on_message(Session&, Message)
#include <orrery/orrery.h>

struct Asked {
  orrery::Task<int> on_message(orrery::Session&, orrery::Message) { co_return 1; }
};

void routes(orrery::Router& router) {
  router.websocket<Asked>("/");
}
