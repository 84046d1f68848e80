// A Terminal takes keys one by one while it lives, and is as before when it goes.
//
// Owner   `orrery connect`.
// Thread  one.
#pragma once

#include <termios.h>

#include <cstddef>

namespace orrery::cli {

class Terminal {
 public:
  /// Does nothing to what is no terminal.
  explicit Terminal(int fd);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] bool is_one() const { return is_one_; }
  [[nodiscard]] std::size_t columns() const;

 private:
  const int fd_;
  termios before_{};
  bool is_one_ = false;
};

}  // namespace orrery::cli
