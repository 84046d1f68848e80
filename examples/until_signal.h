// A Server never touches signals: that is its program's business, and this is how.
#pragma once

#include <orrery/orrery.h>

#include <csignal>
#include <iostream>

namespace examples {

/// Serves on the port in argv[1] until SIGINT or SIGTERM, and then says goodbye to every client.
inline int serve_until_signal(orrery::Server& server, int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before start(): its threads inherit it

  const auto started = server.listen(argc > 1 ? std::stoi(argv[1]) : 9001).start();
  if (!started) {
    std::cerr << started.error() << '\n';
    return 1;
  }
  for (const auto& address : server.addresses()) std::cout << "listening " << address << std::endl;

  int which = 0;
  sigwait(&signals, &which);
  server.stop();
  server.join();
  return 0;
}

}  // namespace examples
