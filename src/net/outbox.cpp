#include "net/outbox.h"

#include <algorithm>
#include <array>
#include <cassert>
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
  return chunk.holds == Chunk::Holds::shared && shared_in(chunk).unpaid_bytes() == 0;
}

const char*& borrowed_by(Chunk& chunk) {
  return *std::launder(reinterpret_cast<const char**>(chunk.data()));
}

const char* bytes_of(Chunk& chunk) {
  switch (chunk.holds) {
    case Chunk::Holds::bytes: break;
    case Chunk::Holds::shared: return shared_in(chunk).view().data();
    case Chunk::Holds::borrowed: return borrowed_by(chunk);
  }
  return chunk.data();
}

iovec piece_of(Chunk& chunk) {
  return {.iov_base = const_cast<char*>(bytes_of(chunk)) + chunk.begin, .iov_len = chunk.size()};
}

}  // namespace

void Outbox::append(std::string_view head, std::string_view payload) {
  const std::size_t bytes = head.size() + payload.size();
  if (bytes == 0) return;
  if (last_ == nullptr) grow(bytes);
  if (char* const room = room_for(bytes)) {
    std::copy(head.begin(), head.end(), room);
    std::copy(payload.begin(), payload.end(), room + head.size());
    return filled(bytes);
  }
  copy(head, bytes);
  copy(payload, payload.size());
}

char* Outbox::begin(std::size_t bytes) {
  assert(empty());
  grow(bytes);
  return room_for(bytes);
}

void Outbox::append(const SharedBytes& bytes) {
  if (bytes.size() <= copied_bytes) return append(bytes.view());
  Chunk* chunk = pool_->take(sizeof(SharedBytes));
  new (chunk->data()) SharedBytes(bytes);
  chunk->holds = Chunk::Holds::shared;
  chunk->end = bytes.size();
  queued_bytes_ += bytes.size();
  unpaid_bytes_ += bytes.unpaid_bytes();
  push(chunk);
}

void Outbox::borrow(std::string_view payload) {
  Chunk* chunk = pool_->take(sizeof(const char*));
  new (chunk->data()) const char*(payload.data());
  chunk->holds = Chunk::Holds::borrowed;
  chunk->end = payload.size();
  queued_bytes_ += payload.size();
  unpaid_bytes_ += payload.size();
  push(chunk);
}

void Outbox::keep_borrowed() {
  for (Chunk** link = &first_; *link != nullptr; link = &(*link)->next) {
    Chunk* const chunk = *link;
    if (chunk->holds != Chunk::Holds::borrowed) continue;
    Chunk* const copy = pool_->take(chunk->size());
    std::memcpy(copy->data(), borrowed_by(*chunk) + chunk->begin, chunk->size());
    copy->end = chunk->size();
    copy->next = chunk->next;
    if (last_ == chunk) last_ = copy;
    *link = copy;
    pool_->give_back(chunk);
  }
}

// `expected` of the bytes to come make the choice of the chunk, so that a head and its payload
// share one; a busy outbox gets larger and larger ones.
void Outbox::grow(std::size_t expected) {
  const std::size_t grown = last_ == nullptr ? smallest_chunk_bytes : 2 * last_->capacity;
  push(pool_->take(
      std::clamp(std::max(grown, expected), smallest_chunk_bytes, ChunkPool::largest_bytes)));
}

void Outbox::copy(std::string_view bytes, std::size_t expected) {
  queued_bytes_ += bytes.size();
  unpaid_bytes_ += bytes.size();
  while (!bytes.empty()) {
    if (!ends_in_bytes() || last_->room() == 0) grow(expected);
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
  if (chunk->holds == Chunk::Holds::shared) shared_in(*chunk).~SharedBytes();
  pool_->give_back(chunk);
}

void Outbox::consume(std::size_t bytes) {
  written_bytes_ += bytes;
  if (bytes == queued_bytes_) return clear();
  queued_bytes_ -= bytes;
  while (bytes > 0) {
    const std::size_t here = std::min(bytes, first_->size());
    if (!is_paid(*first_)) unpaid_bytes_ -= here;
    first_->begin += here;
    bytes -= here;
    if (first_->size() == 0) pop();
  }
}

}  // namespace orrery::net
