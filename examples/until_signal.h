// A Server never touches signals: that is its program's business, and this is how.
#pragma once

#include <orrery/orrery.h>

#include <csignal>
#include <iostream>

namespace examples {

inline sigset_t end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

/// Serves on the port in argv[1]. Threads of the program's own begin after it: those signals are
/// blocked from here on, so that wait_for_signal() gets them.
[[nodiscard]] inline bool start(orrery::Server& server, int argc, char** argv) {
  const sigset_t signals = end_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto started = server.listen(argc > 1 ? std::stoi(argv[1]) : 9001).start();
  if (!started) std::cerr << started.error() << '\n';
  for (const auto& address : server.addresses()) std::cout << "listening " << address << std::endl;
  return started.ok();
}

/// Until SIGINT or SIGTERM.
inline void wait_for_signal() {
  const sigset_t signals = end_signals();
  int which = 0;
  sigwait(&signals, &which);
}

/// Serves until a signal comes, and then says goodbye to every client at once.
inline int serve_until_signal(orrery::Server& server, int argc, char** argv) {
  if (!start(server, argc, argv)) return 1;
  wait_for_signal();
  server.stop();
  server.join();
  return 0;
}

}  // namespace examples
