#include "net/proxy_door.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "net/proxy_header.h"

namespace orrery::net {

class ProxyDoor::Newcomer final : private Watcher, private Timer {
 public:
  Newcomer(ProxyDoor& door, Descriptor socket, const PeerAddress& proxy, Known known)
      : door_(door), socket_(std::move(socket)), proxy_(proxy), known_(std::move(known)) {}
  ~Newcomer() { stop(); }

  // Most often the header is here already: then nobody needs to watch.
  void start() {
    if (look() != After::more) return;
    door_.loop_.timers().arm(*this, door_.loop_.now() + door_.timeout_);
    watching_ = door_.loop_.poller().add(socket_.get(), *this).ok();
    if (!watching_) door_.forget(*this);
  }
  void stop() {
    TimerWheel::cancel(*this);
    if (std::exchange(watching_, false)) door_.loop_.poller().remove(socket_.get(), *this);
  }

  std::list<Newcomer>::iterator place{};

 private:
  friend class ProxyDoor;
  enum class After : std::uint8_t { more, gone };

  void on_ready(bool, bool, bool hangup) override {
    if (look() != After::more || !hangup) return;
    if (begun_) return door_.refuse(*this, Refusal::malformed, "the PROXY header breaks off");
    door_.forget(*this);
  }
  void on_timer(Time) override {
    door_.refuse(*this, Refusal::late, "the PROXY header took too long");
  }

  // The bytes stay where they are until the header is whole: then exactly it is taken.
  After look() {
    const std::span<char> all = door_.loop_.read_buffer();
    const auto buffer = all.first(std::min(all.size(), proxy_header_bytes));
    const ssize_t got = receive(buffer, MSG_PEEK);
    if (got < 0 && errno == EAGAIN) return After::more;
    if (got <= 0) {
      door_.forget(*this);
      return After::gone;
    }
    const auto read = read_proxy_header({buffer.data(), static_cast<std::size_t>(got)});
    if (std::holds_alternative<ProxyHeaderBegun>(read)) {
      begun_ = true;
      return After::more;
    }
    if (const auto* fault = std::get_if<ProxyHeaderFault>(&read)) {
      door_.refuse(*this, Refusal::malformed, fault->reason);
      return After::gone;
    }
    const auto& header = std::get<ProxyHeader>(read);
    (void)receive(buffer.first(header.bytes), 0);
    door_.let_in(*this, header.client.value_or(proxy_));
    return After::gone;
  }

  ssize_t receive(std::span<char> into, int flags) const {
    ssize_t got = -1;
    do got = ::recv(socket_.get(), into.data(), into.size(), flags);
    while (got < 0 && errno == EINTR);
    return got;
  }

  ProxyDoor& door_;
  Descriptor socket_;
  const PeerAddress proxy_;
  Known known_;
  bool watching_ = false;
  bool begun_ = false;  // some of its header has come
};

ProxyDoor::ProxyDoor(Loop& loop, milliseconds timeout, Refused refused)
    : loop_(loop), timeout_(timeout), refused_(std::move(refused)) {}

ProxyDoor::~ProxyDoor() = default;

void ProxyDoor::wait_for_header(Descriptor socket, const PeerAddress& proxy, Known known) {
  newcomers_.emplace_front(*this, std::move(socket), proxy, std::move(known));
  newcomers_.front().place = newcomers_.begin();
  waiting_.store(newcomers_.size(), std::memory_order_relaxed);
  newcomers_.front().start();
}

// The newcomer is gone when these return, and its socket with it unless it was let in.

void ProxyDoor::forget(Newcomer& newcomer) {
  newcomers_.erase(newcomer.place);
  waiting_.store(newcomers_.size(), std::memory_order_relaxed);
}

void ProxyDoor::refuse(Newcomer& newcomer, Refusal refusal, std::string_view why) {
  refused_(newcomer.proxy_, refusal, why);
  forget(newcomer);
}

void ProxyDoor::let_in(Newcomer& newcomer, const PeerAddress& client) {
  newcomer.stop();
  Descriptor socket = std::move(newcomer.socket_);
  Known known = std::move(newcomer.known_);
  const PeerAddress whom = client;  // may be the newcomer's own
  forget(newcomer);
  known(std::move(socket), whom);
}

}  // namespace orrery::net
