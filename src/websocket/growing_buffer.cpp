#include "websocket/growing_buffer.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

namespace orrery::websocket {
namespace {

constexpr std::uint64_t trusted_bytes = 64 * 1024;
constexpr std::uint64_t first_bytes = 4 * 1024;

}  // namespace

void GrowingBuffer::append(std::string_view bytes, std::uint64_t expected_bytes,
                           std::uint64_t ceiling) {
  const std::uint64_t needed = size_ + bytes.size();
  assert(needed <= ceiling);
  if (needed > capacity_) {
    const std::uint64_t announced = needed + std::min(expected_bytes, trusted_bytes);
    grow_to(std::min(ceiling, std::max<std::uint64_t>(announced, 2 * capacity_)));
  }
  if (bytes.empty()) return;
  if (bytes.data() != bytes_.get() + size_)
    std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
  size_ = needed;
}

std::span<char> GrowingBuffer::room(std::uint64_t ceiling) {
  assert(size_ < ceiling);
  if (size_ == capacity_)
    grow_to(std::min(ceiling, std::max<std::uint64_t>(first_bytes, 2 * capacity_)));
  const std::uint64_t end = std::min<std::uint64_t>(capacity_, ceiling);
  return {bytes_.get() + size_, static_cast<std::size_t>(end - size_)};
}

std::span<char> GrowingBuffer::room_for(std::size_t bytes) {
  if (capacity_ - size_ < bytes) grow_to(size_ + bytes);
  return {bytes_.get() + size_, capacity_ - size_};
}

void GrowingBuffer::release() {
  bytes_.reset();
  size_ = capacity_ = 0;
}

void GrowingBuffer::Free::operator()(char* bytes) const {
  std::free(bytes);
}

void GrowingBuffer::grow_to(std::size_t capacity) {
  char* const grown = static_cast<char*>(std::realloc(bytes_.get(), capacity));
  if (grown == nullptr) throw std::bad_alloc();
  static_cast<void>(bytes_.release());  // realloc has taken it
  bytes_.reset(grown);
  capacity_ = capacity;
}

}  // namespace orrery::websocket
