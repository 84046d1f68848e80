// Descriptor owns one file descriptor; raise_descriptor_limit() makes room for many.
//
// Owner   whoever holds it; moved, never copied; closes when it goes.
// Thread  any, one at a time.
// Limit   RLIMIT_NOFILE.
#pragma once

#include <cstdint>
#include <utility>

namespace orrery::net {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }
  /// Leaves errno as it was.
  void close();

 private:
  int fd_ = -1;
};

/// How many the process may have open now.
std::uint64_t descriptor_limit();
/// Raises the soft limit of open descriptors to the hard one, and returns what holds now.
std::uint64_t raise_descriptor_limit();

}  // namespace orrery::net
