#include <orrery/orrery.h>

using orrery::Message, orrery::Session;

int main(int argc, char** argv) {
  orrery::Server server;
  server.websocket("/echo", [](Session& client, Message message) { client.send(message); });
  return server.listen(argc > 1 ? std::stoi(argv[1]) : 9001).run();
}
