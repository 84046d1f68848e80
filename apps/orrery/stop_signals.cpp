#include "apps/orrery/stop_signals.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace orrery::app {

BlockedSignals::BlockedSignals() {
  sigemptyset(&set_);
  sigaddset(&set_, SIGINT);
  sigaddset(&set_, SIGTERM);
  sigaddset(&set_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

SignalWatch::~SignalWatch() {
  if (!thread_.joinable()) return;
  eventfd_write(end_.get(), 1);
  thread_.join();
}

Result<void> SignalWatch::start() {
  // The signalfd last: who sees it knows that all are open.
  end_ = net::Descriptor(::eventfd(0, EFD_CLOEXEC));
  if (end_) arriving_ = net::Descriptor(::signalfd(-1, &signals_.set(), SFD_CLOEXEC));
  if (!arriving_) return Error{fmt::format("cannot wait for signals: {}", std::strerror(errno))};
  thread_ = std::thread([this] { wait(); });
  return {};
}

void SignalWatch::wait() const {
  pollfd watched[] = {{arriving_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}};
  const int patience = between_.work ? static_cast<int>(between_.step.count()) : -1;
  for (int count = 0; watched[1].revents == 0;) {
    const int ready = ::poll(watched, 2, patience);
    if (ready == 0) between_.work();
    if (ready <= 0 || watched[0].revents == 0) continue;
    signalfd_siginfo signal{};
    if (::read(arriving_.get(), &signal, sizeof signal) != sizeof signal) continue;
    if (signal.ssi_signo == SIGHUP) {
      asked_("SIGHUP");
      continue;
    }
    if (++count > 1) _exit(status_);
    asked_(signal.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM");
  }
}

}  // namespace orrery::app
