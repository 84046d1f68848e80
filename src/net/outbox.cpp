#include "net/outbox.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace orrery::net {
namespace {

constexpr std::size_t pieces_per_write = 64;
constexpr std::size_t smallest_chunk_bytes = 1024;

SharedBytes& shared_in(Chunk& chunk) {
  return *std::launder(reinterpret_cast<SharedBytes*>(chunk.data()));
}

bool is_paid(Chunk& chunk) {
  return chunk.reference && shared_in(chunk).unpaid_bytes() == 0;
}

iovec piece_of(Chunk& chunk) {
  const char* bytes = chunk.reference ? shared_in(chunk).view().data() : chunk.data();
  return {.iov_base = const_cast<char*>(bytes) + chunk.begin, .iov_len = chunk.size()};
}

}  // namespace

void Outbox::append(std::string_view head, std::string_view payload) {
  copy(head, head.size() + payload.size());
  copy(payload, payload.size());
}

void Outbox::append(const SharedBytes& bytes) {
  if (bytes.size() <= copied_bytes) return copy(bytes.view(), bytes.size());
  Chunk* chunk = pool_->take(sizeof(SharedBytes));
  new (chunk->data()) SharedBytes(bytes);
  chunk->reference = true;
  chunk->end = bytes.size();
  queued_bytes_ += bytes.size();
  unpaid_bytes_ += bytes.unpaid_bytes();
  push(chunk);
}

// `expected` of the bytes to come make the choice of the chunk, so that a head and its payload
// share one; a busy outbox gets larger and larger ones.
void Outbox::copy(std::string_view bytes, std::size_t expected) {
  queued_bytes_ += bytes.size();
  unpaid_bytes_ += bytes.size();
  while (!bytes.empty()) {
    if (last_ == nullptr || last_->reference || last_->room() == 0) {
      const std::size_t grown = last_ == nullptr ? smallest_chunk_bytes : 2 * last_->capacity;
      push(pool_->take(
          std::clamp(std::max(grown, expected), smallest_chunk_bytes, ChunkPool::largest_bytes)));
    }
    const std::size_t fits = std::min(last_->room(), bytes.size());
    std::memcpy(last_->data() + last_->end, bytes.data(), fits);
    last_->end += fits;
    expected -= fits;
    bytes.remove_prefix(fits);
  }
}

Written Outbox::flush(Stream& stream) {
  Written total;
  while (!empty() && total.error == 0) {
    std::array<iovec, pieces_per_write> pieces;
    std::size_t count = 0;
    std::size_t offered = 0;
    for (Chunk* chunk = first_; chunk != nullptr && count < pieces.size(); chunk = chunk->next) {
      pieces[count++] = piece_of(*chunk);
      offered += chunk->size();
    }
    const Written written = stream.write({pieces.data(), count});
    consume(written.bytes);
    total.bytes += written.bytes;
    total.error = written.error;
    if (written.bytes < offered) break;
  }
  return total;
}

std::string_view Outbox::only_piece() const {
  if (first_ == nullptr || first_ != last_) return {};
  const iovec piece = piece_of(*first_);
  return {static_cast<const char*>(piece.iov_base), piece.iov_len};
}

void Outbox::clear() {
  while (first_ != nullptr) pop();
  queued_bytes_ = unpaid_bytes_ = 0;
}

void Outbox::push(Chunk* chunk) {
  (last_ == nullptr ? first_ : last_->next) = chunk;
  last_ = chunk;
}

void Outbox::pop() {
  Chunk* chunk = first_;
  first_ = chunk->next;
  if (first_ == nullptr) last_ = nullptr;
  if (chunk->reference) shared_in(*chunk).~SharedBytes();
  pool_->give_back(chunk);
}

void Outbox::consume(std::size_t bytes) {
  queued_bytes_ -= bytes;
  written_bytes_ += bytes;
  while (bytes > 0) {
    const std::size_t here = std::min(bytes, first_->size());
    if (!is_paid(*first_)) unpaid_bytes_ -= here;
    first_->begin += here;
    bytes -= here;
    if (first_->size() == 0) pop();
  }
}

}  // namespace orrery::net
