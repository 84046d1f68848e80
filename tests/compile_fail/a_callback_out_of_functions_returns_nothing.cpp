// expect: a callback returns void, or Task<> if it is a coroutine
#include <orrery/orrery.h>

void routes(orrery::Router& router) {
  const auto count = [](orrery::Session&, orrery::Message message) { return message.size(); };
  router.websocket("/", orrery::Callbacks{.on_message = count});
}
