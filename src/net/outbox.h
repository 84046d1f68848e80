// An Outbox is what a connection still has to write.
//
// Owner   the connection. Chunks go back to the loop's pool, which outlives it.
// Thread  its loop's.
// Limit   none of its own: the connection compares size() with its limit before it appends.
// Why     the answers to what was read are copied behind each other and leave in one write; an
//         empty one holds no memory, and after warm-up nothing allocates.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/shared_bytes.h"
#include "net/chunk_pool.h"
#include "net/stream.h"

namespace orrery::net {

class Outbox {
 public:
  /// Shared bytes up to this size are copied: cheaper than a piece of their own in the write.
  static constexpr std::size_t copied_bytes = 512;

  explicit Outbox(ChunkPool& pool) : pool_(&pool) {}
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  ~Outbox() { clear(); }

  /// Copies both, one behind the other. Nothing is written before flush().
  void append(std::string_view head, std::string_view payload = {});
  /// Where so many bytes can be put behind the last ones, in one piece with them; null if they
  /// can't. Whoever puts some there says how many: filled().
  [[nodiscard]] char* room_for(std::size_t bytes) const {
    return ends_in_bytes() && last_->room() >= bytes ? last_->data() + last_->end : nullptr;
  }
  /// In an empty one: room for so many bytes in one piece.
  [[nodiscard]] char* begin(std::size_t bytes);
  void filled(std::size_t bytes) {
    assert(ends_in_bytes() && bytes <= last_->room());
    last_->end += bytes;
    queued_bytes_ += bytes;
    unpaid_bytes_ += bytes;
  }
  /// Keeps a reference (small ones are copied).
  void append(const SharedBytes& bytes);

  /// Keeps a pointer: the bytes stay where they are until they are written, or keep_borrowed().
  void borrow(std::string_view payload);
  /// Copies what is still borrowed.
  void keep_borrowed();

  /// Offers everything in one write, and in further ones only while all that was offered is taken.
  /// What is left stays: flush again at on_writable().
  Written flush(Stream& stream);
  /// All of it, if it lies in one piece; empty otherwise.
  [[nodiscard]] std::string_view only_piece() const;
  /// So much of the front was written without flush().
  void consume(std::size_t bytes);
  /// Forgets what is queued.
  void clear();

  [[nodiscard]] bool empty() const { return queued_bytes_ == 0; }
  [[nodiscard]] std::size_t size() const { return queued_bytes_; }
  /// Without what it refers to and somebody else has paid for.
  [[nodiscard]] std::size_t unpaid_bytes() const { return unpaid_bytes_; }
  /// All that was ever written: it grows while there is progress.
  [[nodiscard]] std::uint64_t written_bytes() const { return written_bytes_; }

 private:
  [[nodiscard]] bool ends_in_bytes() const {
    return last_ != nullptr && last_->holds == Chunk::Holds::bytes;
  }
  void grow(std::size_t expected);
  [[gnu::noinline]] void copy(std::string_view bytes, std::size_t expected);
  void push(Chunk* chunk);
  void pop();

  ChunkPool* pool_;
  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;
  std::size_t queued_bytes_ = 0;
  std::size_t unpaid_bytes_ = 0;  // of them
  std::uint64_t written_bytes_ = 0;
};

static_assert(sizeof(Outbox) <= 48);

}  // namespace orrery::net
