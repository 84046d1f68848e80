// GrowingBuffer: bytes in one piece, whose capacity doubles and never passes a ceiling.
//
// Owner   its bytes.
// Thread  none: a plain value.
// Limit   capacity <= 2 x size + 64 KiB, and <= the ceiling that each call names (room_for()
// excepted). Why     not std::string: that one clears what it grows by, and copies where realloc
// can remap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace orrery::websocket {

class GrowingBuffer {
 public:
  /// Appends `bytes`. `expected_bytes` of the same kind are announced to follow: a hint that saves
  /// growing twice, trusted for 64 KiB at most. size() + bytes.size() <= ceiling.
  void append(std::string_view bytes, std::uint64_t expected_bytes, std::uint64_t ceiling);

  /// Room behind size() that needs no growing; what append() finds there it does not copy.
  [[nodiscard]] std::span<char> room_there_is() {
    return {bytes_.get() + size_, capacity_ - size_};
  }
  /// Room of at least one byte behind size(), to be filled and then committed. size() < ceiling.
  [[nodiscard]] std::span<char> room(std::uint64_t ceiling);
  /// Room of at least `bytes`, whatever that costs.
  [[nodiscard]] std::span<char> room_for(std::size_t bytes);
  void commit(std::size_t bytes) { size_ += bytes; }
  void remove_suffix(std::size_t bytes) { size_ -= bytes; }

  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  void clear() { size_ = 0; }
  /// Gives the memory back.
  void release();

 private:
  struct Free {
    void operator()(char* bytes) const;
  };
  void grow_to(std::size_t capacity);

  std::unique_ptr<char[], Free> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace orrery::websocket
