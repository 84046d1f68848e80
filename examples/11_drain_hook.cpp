// A server that goes says so: sessions are told one by one, each with a moment to come back.
#include <orrery/orrery.h>

#include "until_signal.h"

using namespace orrery;

// Keeps what the client has said, and hands it back before it has to go.
class Draft {
 public:
  void on_message(Session& client, Message message) {
    text_ += message.text();
    client.send(std::to_string(text_.size()) + " bytes kept");
  }

  // The close with 1001 follows, within DrainOptions::spread. What is sent here arrives before it.
  void on_drain(Session& client) {
    if (!text_.empty()) client.send("not saved: " + text_);
  }

 private:
  std::string text_;
};

int main(int argc, char** argv) {
  Server server;
  server.websocket<Draft>("/draft");
  if (!examples::start(server, argc, argv)) return 1;
  examples::wait_for_signal();

  server.drain({
      .delay = 0s,             // newcomers get 503 from now on
      .spread = 1s,            // each session is told at a moment of its own within it
      .reconnect_spread = 5s,  // "shutting down; reconnect in 3127 ms": another one for each
      .deadline = 5s,          // who is still there is cut
  });
  const DrainReport report = server.join();
  std::cout << "drained: " << report.told << " told, " << report.cut << " cut" << std::endl;
  return 0;
}
