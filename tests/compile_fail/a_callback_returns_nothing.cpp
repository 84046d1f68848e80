// expect: on_message has the wrong signature: write void on_message(Session&, Message)
#include <orrery/orrery.h>

struct Asked {
  int on_message(orrery::Session&, orrery::Message) { return 1; }
};

int main() {
  orrery::Server server;
  server.websocket<Asked>("/");
}
