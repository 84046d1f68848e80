// expect: on_name_lost has the wrong signature: write void on_name_lost(Session&, std::string_view)
#include <orrery/orrery.h>

struct Wrong {
  void on_message(orrery::Session&, orrery::Message) {}
  void on_name_lost(orrery::Session&, orrery::NameAnswer) {}
};

void routes(orrery::Router& router) {
  router.websocket<Wrong>("/");
}
