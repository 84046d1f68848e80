#include "net/listener.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace orrery::net {
namespace {

// Errors of the newcomer, not of us: accept(2) says to go on with the next one.
bool concerns_one_newcomer(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EOPNOTSUPP:
    case EPERM: return true;
    default: return false;
  }
}

}  // namespace

Listener::Listener(Loop& loop, int listening_socket, Accepted accepted, Paused paused,
                   GoesOn goes_on, HasRoom has_room)
    : loop_(loop),
      listening_socket_(listening_socket),
      accepted_(std::move(accepted)),
      paused_(std::move(paused)),
      goes_on_(std::move(goes_on)),
      has_room_(std::move(has_room)) {}

Listener::~Listener() {
  stop_accepting();
}

Result<void> Listener::start_accepting() {
  auto added = loop_.poller().add_shared(listening_socket_, *this);
  watching_ = added.ok();
  return added;
}

void Listener::stop_accepting() {
  unwatch();
  end_episode();
}

void Listener::unwatch() {
  TimerWheel::cancel(*this);
  if (std::exchange(watching_, false)) loop_.poller().remove(listening_socket_, *this);
}

// Level-triggered: whoever is not accepted in this turn is told again in the next one.
void Listener::on_ready(bool, bool, bool) {
  for (int i = 0; i < accepts_per_turn && watching_; ++i) {
    if (!has_room_()) return pause_accepting(0);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Descriptor socket(::accept4(listening_socket_, reinterpret_cast<sockaddr*>(&address), &size,
                                SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      accepted_(std::move(socket), PeerAddress::from(address));
    } else if (errno == EAGAIN) {
      return;
    } else if (!concerns_one_newcomer(errno)) {
      return pause_accepting(errno);
    }
  }
}

void Listener::pause_accepting(int error) {
  unwatch();
  loop_.timers().arm(*this, loop_.now() + pause);
  if (!std::exchange(pausing_, true)) paused_(error);
}

void Listener::end_episode() {
  if (std::exchange(pausing_, false)) goes_on_();
}

// The end of a pause, or of the calm behind it.
void Listener::on_timer(Time now) {
  if (watching_) return end_episode();
  loop_.timers().arm(*this, now + (start_accepting().ok() ? calm : pause));
}

}  // namespace orrery::net
