#include "websocket/zlib_streams.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <new>

namespace orrery::websocket {
namespace {

constexpr std::string_view trailer{"\x00\x00\xff\xff", 4};
constexpr std::size_t most_at_once = 1 << 30;  // zlib counts in 32 bits

// zlib reads through a pointer that it declares as writable.
Bytef* bytes_of(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

uInt chunk(std::size_t bytes) {
  return static_cast<uInt>(std::min(bytes, most_at_once));
}

}  // namespace

Inflater::Inflater(int window_bits) : window_bits_(window_bits) {
  if (inflateInit2(&stream_, -window_bits) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() {
  inflateEnd(&stream_);
}

// Z_BLOCK stops at the end of each block, so that finish() knows whether the message ended at one.
Inflated Inflater::inflate(std::string_view piece, GrowingBuffer& out, std::uint64_t limit) {
  while (!piece.empty()) {
    const uInt taken = chunk(piece.size());
    stream_.next_in = bytes_of(piece);
    stream_.avail_in = taken;
    fresh_ = false;
    bool more_to_come = true;
    while (more_to_come) {
      std::array<char, 1> beyond;
      const bool full = out.size() >= limit;
      const std::span<char> room = full ? std::span<char>(beyond) : out.room(limit);
      const uInt room_bytes = chunk(room.size());
      stream_.next_out = reinterpret_cast<Bytef*>(room.data());
      stream_.avail_out = room_bytes;
      const int result = ::inflate(&stream_, Z_BLOCK);
      const uInt produced = room_bytes - stream_.avail_out;
      if (full && produced > 0) return Inflated::too_big;
      out.commit(produced);
      if (result == Z_MEM_ERROR) throw std::bad_alloc();
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return Inflated::broken;
      if (result == Z_STREAM_END) {  // RFC 7692 §7.2.3.4: a final block ends no message
        inflateResetKeep(&stream_);
        fresh_ = true;
      }
      if (stream_.avail_in > 0) fresh_ = false;
      more_to_come = stream_.avail_in > 0 || (stream_.avail_out == 0 && !at_block_end()) ||
                     at_final_block_end();
    }
    piece.remove_prefix(taken);
  }
  return Inflated::fine;
}

// A message must end where its sender flushed. One that ends exactly after a block, as some
// senders' do after a final one, needs no trailer.
Inflated Inflater::finish(GrowingBuffer& out, std::uint64_t limit) {
  if (between_blocks()) return Inflated::fine;
  const Inflated result = inflate(trailer, out, limit);
  if (result != Inflated::fine) return result;
  return between_blocks() ? Inflated::fine : Inflated::broken;
}

// data_type: 128 stands for the end of a block, the low bits count the unused bits of the last
// byte.
bool Inflater::at_block_end() const {
  return fresh_ || (stream_.data_type & 128) != 0;
}

// zlib stops here too before it says Z_STREAM_END.
bool Inflater::at_final_block_end() const {
  return !fresh_ && (stream_.data_type & (128 | 64)) == (128 | 64);
}

bool Inflater::between_blocks() const {
  return fresh_ || (at_block_end() && (stream_.data_type & 31) == 0);
}

void Inflater::reset() {
  inflateReset(&stream_);
  fresh_ = true;
}

std::string Inflater::history() {
  std::string window(std::size_t{1} << window_bits_, '\0');
  uInt size = 0;
  inflateGetDictionary(&stream_, reinterpret_cast<Bytef*>(window.data()), &size);
  return window.substr(0, size);
}

void Inflater::set_history(std::string_view history) {
  inflateSetDictionary(&stream_, bytes_of(history), static_cast<uInt>(history.size()));
}

std::size_t Inflater::memory_bytes() const {
  constexpr std::size_t state_bytes = 7160;
  return sizeof *this + state_bytes + (std::size_t{1} << window_bits_);
}

Deflater::Deflater(int window_bits, const DedicatedContext& context)
    : window_bits_(window_bits), memory_level_(context.memory_level) {
  if (deflateInit2(&stream_, context.level, Z_DEFLATED, -window_bits, memory_level_,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
}

Deflater::~Deflater() {
  deflateEnd(&stream_);
}

void Deflater::compress(std::string_view payload, GrowingBuffer& out) {
  constexpr std::size_t flush_bytes = 64;
  out.clear();
  if (payload.empty()) {  // RFC 7692 §7.2.3.6
    out.room_for(1)[0] = '\0';
    out.commit(1);
    return;
  }
  std::size_t room_bytes = deflateBound(&stream_, payload.size()) + flush_bytes;
  do {
    const uInt taken = chunk(payload.size());
    stream_.next_in = bytes_of(payload);
    stream_.avail_in = taken;
    const int flush = taken == payload.size() ? Z_SYNC_FLUSH : Z_NO_FLUSH;
    do {
      const std::span<char> room = out.room_for(room_bytes);
      const uInt given = chunk(room.size());
      stream_.next_out = reinterpret_cast<Bytef*>(room.data());
      stream_.avail_out = given;
      ::deflate(&stream_, flush);
      out.commit(given - stream_.avail_out);
      room_bytes = flush_bytes;
    } while (stream_.avail_out == 0);
    payload.remove_prefix(taken);
  } while (!payload.empty());
  assert(out.view().ends_with(trailer));
  out.remove_suffix(trailer.size());
}

void Deflater::reset() {
  deflateReset(&stream_);
}

// As zconf.h states it.
std::size_t Deflater::memory_bytes() const {
  return sizeof *this + (std::size_t{1} << (window_bits_ + 2)) +
         (std::size_t{1} << (memory_level_ + 9));
}

}  // namespace orrery::websocket
