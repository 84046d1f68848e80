#include "cli/payload.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace orrery::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "the tag's letters are made as a word");

constexpr std::array<std::string_view, 32> words = {
    "sun",   "mercury", "venus",  "earth",   "moon",   "mars",    "jupiter", "saturn",
    "orbit", "gear",    "wheel",  "axis",    "tooth",  "crank",   "pointer", "dial",
    "east",  "west",    "rising", "setting", "new",    "full",    "eclipse", "cycle",
    "day",   "month",   "year",   "degree",  "minute", "transit", "node",    "epoch"};

// One letter from 'a' to 'p' for each four bits, the lowest first.
void write_letters(char* out, std::uint32_t number) {
  std::uint64_t word = number;
  word = (word | word << 16) & 0x0000'ffff'0000'ffff;
  word = (word | word << 8) & 0x00ff'00ff'00ff'00ff;
  word = (word | word << 4) & 0x0f0f'0f0f'0f0f'0f0f;
  word += 0x6161'6161'6161'6161;
  std::memcpy(out, &word, sizeof word);
}

}  // namespace

Payload::Payload(websocket::Opcode opcode, std::size_t bytes) : opcode_(opcode) {
  bytes_.reserve(bytes + 16);
  // The order of the words only has to look like no order (constants of glibc's rand).
  for (std::uint32_t state = 1; bytes_.size() < bytes; state = state * 1'103'515'245 + 12'345) {
    bytes_ += words[state >> 16 & 31];
    bytes_ += (state >> 24 & 3) == 0 ? std::to_string(state >> 20 & 1023) : "";
    bytes_ += ' ';
  }
  bytes_.resize(bytes);
}

Payload::Tag Payload::tag(std::uint32_t sender, std::uint64_t message) {
  Tag tag;
  write_letters(tag.data(), static_cast<std::uint32_t>(message));
  write_letters(tag.data() + 8, sender);
  return tag;
}

std::string Payload::with(const Tag& tag) const {
  std::string text = bytes_;
  std::copy_n(tag.begin(), tagged(), text.begin());
  return text;
}

bool Payload::matches(std::string_view piece, std::size_t offset, const Tag& tag, Care care) const {
  if (offset + piece.size() > bytes_.size()) return false;
  std::size_t seen = 0;
  if (offset < tag_bytes) {
    seen = std::min(tag_bytes - offset, piece.size());
    if (std::memcmp(piece.data(), tag.data() + offset, seen) != 0) return false;
  }
  return care == Care::tag_only ||
         std::memcmp(piece.data() + seen, bytes_.data() + offset + seen, piece.size() - seen) == 0;
}

}  // namespace orrery::cli
