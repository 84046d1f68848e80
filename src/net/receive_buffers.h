// ReceiveBuffers are what the kernel receives into, for all streams of one ring: whichever has
// bytes takes the next.
//
// Owner   the poller. They go after its ring.
// Thread  the ring's.
// Limit   `count` buffers (a power of two) of `buffer_bytes`, there from the start; who finds none
//         asks again.
// Why     given back at once, they are few and stay warm, and a silent stream needs none.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "orrery/result.h"

namespace orrery::net {

class ReceiveBuffers {
 public:
  static Result<std::unique_ptr<ReceiveBuffers>> create(io_uring& ring, std::uint16_t count,
                                                        std::size_t buffer_bytes);
  ReceiveBuffers(const ReceiveBuffers&) = delete;
  ReceiveBuffers& operator=(const ReceiveBuffers&) = delete;
  ~ReceiveBuffers();

  /// By which requests name them.
  static constexpr std::uint16_t group = 0;
  [[nodiscard]] std::span<char> bytes_of(std::uint16_t number) const;
  void give_back(std::uint16_t number);

 private:
  ReceiveBuffers(std::byte* memory, std::uint16_t count, std::size_t buffer_bytes);
  [[nodiscard]] io_uring_buf_ring* ring() const;

  std::byte* const memory_;  // a page or more of ring, and the buffers behind it
  const std::uint16_t count_;
  const std::size_t buffer_bytes_;
};

}  // namespace orrery::net
