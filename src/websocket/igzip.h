// Igzip: ISA-L's compressor for messages that depend on no other.
//
// Owner   a DeflateEngine.
// Thread  its loop's.
// Limit   half a MiB, once per loop.
#pragma once

#include <memory>
#include <string_view>

#include "websocket/growing_buffer.h"

namespace orrery::websocket {

class Igzip {
 public:
  Igzip();
  ~Igzip();

  /// Whether this CPU has the instructions that make it worth it.
  [[nodiscard]] static bool runs_here();
  /// Fills `out` with `payload` compressed, without the trailing 00 00 ff ff. Window bits 9 to 15.
  void compress(std::string_view payload, int window_bits, GrowingBuffer& out);
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace orrery::websocket
