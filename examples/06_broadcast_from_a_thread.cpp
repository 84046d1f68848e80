// Any thread may speak to the sessions: a Sender is a value that may be copied and kept, and that
// does no harm when nobody listens any more.
#include <orrery/orrery.h>

#include <thread>

#include "until_signal.h"

using namespace orrery;

// A reader has no on_server_message, so what is published goes straight to the client.
struct Reader {
  void on_open(Session& client) { client.join("news"); }
  void on_message(Session& client, Message) { client.send("this line only speaks"); }
};

// Not a loop's thread: it may block, and it knows no session.
void report(const std::stop_token& stop, const Sender& readers) {
  for (int number = 1; !stop.stop_requested(); ++number) {
    const std::string headline = "headline " + std::to_string(number);
    const std::size_t reached = readers.publish("news", headline);  // one copy for all of them
    if (number % 100 == 0) std::cerr << headline << ": " << reached << " readers\n";
    std::this_thread::sleep_for(50ms);
  }
}

int main(int argc, char** argv) {
  Server server;
  server.websocket<Reader>("/news");
  if (!examples::start(server, argc, argv)) return 1;

  const std::jthread reporter(report, server.sender());
  examples::wait_for_signal();
  server.stop();
  server.join();
  return 0;  // the reporter may go on a little: what it publishes now reaches nobody
}
