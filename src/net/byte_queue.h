// A ByteQueue holds bytes that wait for room: appended at the back, taken from the front, and no
// memory at all while it is empty.
//
// Owner   the stream that waits.
// Thread  one.
// Limit   none of its own: whoever appends has counted first.
#pragma once

#include <cassert>
#include <cstddef>
#include <string>
#include <string_view>

namespace orrery::net {

class ByteQueue {
 public:
  void append(std::string_view bytes) { bytes_.append(bytes); }

  /// What waits, oldest first; gone after the next append() or consume().
  [[nodiscard]] std::string_view front() const {
    return std::string_view{bytes_}.substr(consumed_);
  }
  void consume(std::size_t count) {
    assert(count <= size());
    consumed_ += count;
    if (consumed_ == bytes_.size()) return clear();
    if (consumed_ < bytes_.size() / 2) return;
    bytes_.erase(0, consumed_);  // halves: each byte is moved once on average
    consumed_ = 0;
  }
  void clear() {
    std::string{}.swap(bytes_);
    consumed_ = 0;
  }

  [[nodiscard]] std::size_t size() const { return bytes_.size() - consumed_; }
  [[nodiscard]] bool empty() const { return size() == 0; }

 private:
  std::string bytes_;
  std::size_t consumed_ = 0;
};

}  // namespace orrery::net
