#include "net/receive_buffers.h"

#include <sys/mman.h>

#include <cassert>
#include <cerrno>

#include "net/ring.h"

namespace orrery::net {
namespace {

constexpr std::size_t page_bytes = 4096;

std::size_t ring_bytes(std::uint16_t count) {
  const std::size_t bytes = count * sizeof(io_uring_buf);
  return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

std::size_t all_bytes(std::uint16_t count, std::size_t buffer_bytes) {
  return ring_bytes(count) + count * buffer_bytes;
}

}  // namespace

Result<std::unique_ptr<ReceiveBuffers>> ReceiveBuffers::create(io_uring& ring, std::uint16_t count,
                                                               std::size_t buffer_bytes) {
  assert(count > 0 && (count & (count - 1)) == 0);
  void* const memory = ::mmap(nullptr, all_bytes(count, buffer_bytes), PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) return no_ring(errno);
  std::unique_ptr<ReceiveBuffers> buffers(
      new ReceiveBuffers(static_cast<std::byte*>(memory), count, buffer_bytes));
  io_uring_buf_reg asked{};
  asked.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
  asked.ring_entries = count;
  asked.bgid = group;
  const int error = -::io_uring_register_buf_ring(&ring, &asked, 0);
  if (error != 0) return no_ring(error);
  ::io_uring_buf_ring_init(buffers->ring());
  for (std::uint16_t number = 0; number < count; ++number) buffers->give_back(number);
  return buffers;
}

ReceiveBuffers::ReceiveBuffers(std::byte* memory, std::uint16_t count, std::size_t buffer_bytes)
    : memory_(memory), count_(count), buffer_bytes_(buffer_bytes) {}

ReceiveBuffers::~ReceiveBuffers() {
  ::munmap(memory_, all_bytes(count_, buffer_bytes_));
}

io_uring_buf_ring* ReceiveBuffers::ring() const {
  return reinterpret_cast<io_uring_buf_ring*>(memory_);
}

std::span<char> ReceiveBuffers::bytes_of(std::uint16_t number) const {
  std::byte* const first = memory_ + ring_bytes(count_) + number * buffer_bytes_;
  return {reinterpret_cast<char*>(first), buffer_bytes_};
}

void ReceiveBuffers::give_back(std::uint16_t number) {
  const auto bytes = bytes_of(number);
  ::io_uring_buf_ring_add(ring(), bytes.data(), static_cast<unsigned>(bytes.size()), number,
                          ::io_uring_buf_ring_mask(count_), 0);
  ::io_uring_buf_ring_advance(ring(), 1);
}

}  // namespace orrery::net
