#include "cli/input.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace orrery::cli {

void Input::resume() {
  if (std::exchange(reading_, true)) return;
  watched_ = loop_.poller().add_shared(fd_, *this).ok();
  if (!watched_) loop_.again(*this);
}

void Input::pause() {
  if (!std::exchange(reading_, false)) return;
  if (std::exchange(watched_, false)) loop_.poller().remove(fd_, *this);
  unlink();
}

void Input::on_again() {
  if (!reading_) return;
  read();
  if (reading_ && !watched_) loop_.again(*this);
}

// Once per event: the descriptor may be a blocking one, which is ready now.
void Input::read() {
  const ssize_t got = ::read(fd_, buffer_.data(), buffer_.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got > 0) return events_.on_input({buffer_.data(), static_cast<std::size_t>(got)});
  pause();
  events_.on_input_end();
}

}  // namespace orrery::cli
