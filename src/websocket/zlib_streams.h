// zlib's two streams, as raw deflate with the trailer that RFC 7692 §7.2.1 takes off.
//
// Owner   a DeflateEngine, or a Deflate with context takeover.
// Thread  its owner's.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "websocket/deflate.h"

namespace orrery::websocket {

class Inflater {
 public:
  /// Window bits 8 to 15.
  explicit Inflater(int window_bits);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// See Deflate.
  [[nodiscard]] Inflated inflate(std::string_view piece, GrowingBuffer& out, std::uint64_t limit);
  [[nodiscard]] Inflated finish(GrowingBuffer& out, std::uint64_t limit);

  /// Forgets everything.
  void reset();
  /// What the peer may still refer to.
  [[nodiscard]] std::string history();
  void set_history(std::string_view history);
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  [[nodiscard]] bool at_block_end() const;
  [[nodiscard]] bool at_final_block_end() const;
  [[nodiscard]] bool between_blocks() const;  // and at the border of a byte

  z_stream stream_{};
  int window_bits_;
  bool fresh_ = true;  // nothing was taken since the beginning, or since a final block
};

class Deflater {
 public:
  /// Window bits 9 to 15.
  Deflater(int window_bits, const DedicatedContext& context);
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  /// Fills `out` with `payload` compressed, without the trailing 00 00 ff ff.
  void compress(std::string_view payload, GrowingBuffer& out);
  /// Forgets the messages so far.
  void reset();
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  z_stream stream_{};
  int window_bits_;
  int memory_level_;
};

}  // namespace orrery::websocket
