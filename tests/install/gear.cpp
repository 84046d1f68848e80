// What somebody else builds with Orrery: says where it listens, and echoes.
#include <orrery/orrery.h>

#include <iostream>

using orrery::Message, orrery::Session;

int main() {
  orrery::Server server;
  server.websocket("/echo", [](Session& client, Message message) { client.send(message); });
  if (!server.listen("127.0.0.1:0").start()) return 1;
  for (const auto& address : server.addresses()) std::cout << "listening " << address << std::endl;
  server.join();
}
