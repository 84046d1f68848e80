#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace orrery::cli {
namespace {
constexpr std::size_t usual_columns = 80;
}

Terminal::Terminal(int fd) : fd_(fd) {
  is_one_ = ::isatty(fd) == 1 && ::tcgetattr(fd, &before_) == 0;
  if (!is_one_) return;
  termios keys = before_;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
  keys.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
  keys.c_cc[VMIN] = 1;
  keys.c_cc[VTIME] = 0;
  ::tcsetattr(fd, TCSADRAIN, &keys);
}

Terminal::~Terminal() {
  if (is_one_) ::tcsetattr(fd_, TCSADRAIN, &before_);
}

std::size_t Terminal::columns() const {
  winsize size{};
  if (::ioctl(fd_, TIOCGWINSZ, &size) != 0) return usual_columns;
  const auto& [rows, width, width_pixels, height_pixels] = size;
  return width > 0 ? width : usual_columns;
}

}  // namespace orrery::cli
