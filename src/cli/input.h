// An Input reads what a person or another program writes to a descriptor: a terminal, a pipe or a
// file. It must be told to start, and can be told to wait.
//
// Owner   `orrery connect`.
// Thread  the loop's.
// Limit   64 KiB per turn.
#pragma once

#include <array>
#include <string_view>

#include "net/loop.h"

namespace orrery::cli {

class InputEvents {
 public:
  virtual void on_input(std::string_view bytes) = 0;
  /// Nothing more will come.
  virtual void on_input_end() = 0;

 protected:
  ~InputEvents() = default;
};

class Input final : private net::Watcher, private net::Requeued {
 public:
  /// The descriptor stays its owner's, and stays as it is: nothing else learns that it is read
  /// here.
  Input(net::Loop& loop, int fd, InputEvents& events) : loop_(loop), events_(events), fd_(fd) {}
  ~Input() { pause(); }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  void resume();
  void pause();

 private:
  void on_ready(bool, bool, bool) override { read(); }
  void on_again() override;
  void read();

  net::Loop& loop_;
  InputEvents& events_;
  const int fd_;
  bool reading_ = false;
  bool watched_ = false;  // no file: those are always ready, and epoll does not take them
  std::array<char, 64 * 1024> buffer_;
};

}  // namespace orrery::cli
