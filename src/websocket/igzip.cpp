#include "websocket/igzip.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <cassert>

namespace orrery::websocket {
namespace {

constexpr std::string_view trailer{"\x00\x00\xff\xff", 4};
constexpr std::size_t most_at_once = 1 << 30;  // ISA-L counts in 32 bits

}  // namespace

struct Igzip::State {
  isal_zstream stream;
  std::array<std::uint8_t, ISAL_DEF_LVL1_DEFAULT> level_memory;
};

Igzip::Igzip() : state_(std::make_unique<State>()) {
  isal_deflate_init(&state_->stream);
}
Igzip::~Igzip() = default;

bool Igzip::runs_here() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2");
#else
  return false;
#endif
}

void Igzip::compress(std::string_view payload, int window_bits, GrowingBuffer& out) {
  out.clear();
  if (payload.empty()) {  // RFC 7692 §7.2.3.6
    out.room_for(1)[0] = '\0';
    out.commit(1);
    return;
  }
  isal_zstream& stream = state_->stream;
  isal_deflate_reset(&stream);
  stream.level = 1;
  stream.level_buf = state_->level_memory.data();
  stream.level_buf_size = static_cast<std::uint32_t>(state_->level_memory.size());
  stream.hist_bits = static_cast<std::uint16_t>(window_bits);
  stream.end_of_stream = 0;

  std::size_t room_bytes = payload.size() + payload.size() / 1000 + 512;
  do {
    const std::size_t taken = std::min(payload.size(), most_at_once);
    stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(payload.data()));
    stream.avail_in = static_cast<std::uint32_t>(taken);
    stream.flush = taken == payload.size() ? SYNC_FLUSH : NO_FLUSH;
    do {
      const std::span<char> room = out.room_for(room_bytes);
      const std::size_t given = std::min(room.size(), most_at_once);
      stream.next_out = reinterpret_cast<std::uint8_t*>(room.data());
      stream.avail_out = static_cast<std::uint32_t>(given);
      isal_deflate(&stream);
      out.commit(given - stream.avail_out);
      room_bytes = 4096;
    } while (stream.avail_out == 0);
    payload.remove_prefix(taken);
  } while (!payload.empty());
  assert(out.view().ends_with(trailer));
  out.remove_suffix(trailer.size());
}

std::size_t Igzip::memory_bytes() const {
  return sizeof(State);
}

}  // namespace orrery::websocket
