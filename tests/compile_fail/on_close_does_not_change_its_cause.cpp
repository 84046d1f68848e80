// expect: on_close has the wrong signature: write void on_close(Session&, CloseCause)
#include <orrery/orrery.h>

struct Curious {
  void on_message(orrery::Session&, orrery::Message) {}
  void on_close(orrery::Session&, orrery::CloseCause& cause) { cause.code = 0; }
};

int main() {
  orrery::Server server;
  server.websocket<Curious>("/");
}
