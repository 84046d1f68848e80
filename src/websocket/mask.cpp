#include "websocket/mask.h"

#include <bit>
#include <cassert>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace orrery::websocket {
namespace {

// The key as it falls on the first byte of the span.
std::uint32_t turned(MaskKey key, std::uint64_t offset) {
  const auto word = std::bit_cast<std::uint32_t>(key);
  const int bits = static_cast<int>(8 * (offset % 4));
  return std::endian::native == std::endian::little ? std::rotr(word, bits) : std::rotl(word, bits);
}

// Each answers whether all bytes are below 0x80 now.

bool mask_words(char* bytes, std::size_t size, std::uint32_t key) {
  const std::uint64_t wide = static_cast<std::uint64_t>(key) << 32 | key;
  std::uint64_t seen = 0;
  for (; size >= sizeof wide; bytes += sizeof wide, size -= sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    word ^= wide;
    seen |= word;
    std::memcpy(bytes, &word, sizeof word);
  }
  if (size >= sizeof key) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    word ^= key;
    seen |= word;
    std::memcpy(bytes, &word, sizeof word);
    bytes += sizeof word;
    size -= sizeof word;
  }
  std::array<char, sizeof key> rest;
  std::memcpy(rest.data(), &key, sizeof key);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(bytes[i] ^ rest[i]);
    seen |= static_cast<std::uint8_t>(bytes[i]);
  }
  return (seen & 0x8080'8080'8080'8080) == 0;
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) bool mask_avx2(char* bytes, std::size_t size, std::uint32_t key) {
  const __m256i wide = _mm256_set1_epi32(static_cast<int>(key));
  __m256i seen = _mm256_setzero_si256();
  for (; size >= 64; bytes += 64, size -= 64) {
    auto* const at = reinterpret_cast<__m256i*>(bytes);
    const __m256i first = _mm256_xor_si256(_mm256_loadu_si256(at), wide);
    const __m256i second = _mm256_xor_si256(_mm256_loadu_si256(at + 1), wide);
    _mm256_storeu_si256(at, first);
    _mm256_storeu_si256(at + 1, second);
    seen = _mm256_or_si256(seen, _mm256_or_si256(first, second));
  }
  const bool ascii = _mm256_movemask_epi8(seen) == 0;
  _mm256_zeroupper();  // g++ 12 forgets it before a tail call, and all SSE code after it crawls
  return mask_words(bytes, size, key) && ascii;
}

__attribute__((target("avx512f,avx512bw"))) bool mask_avx512(char* bytes, std::size_t size,
                                                             std::uint32_t key) {
  const __m512i wide = _mm512_set1_epi32(static_cast<int>(key));
  __m512i seen = _mm512_setzero_si512();
  for (; size >= 64; bytes += 64, size -= 64) {
    const __m512i block = _mm512_xor_si512(_mm512_loadu_si512(bytes), wide);
    _mm512_storeu_si512(bytes, block);
    seen = _mm512_or_si512(seen, block);
  }
  if (size == 0) return _mm512_movepi8_mask(seen) == 0;
  const __mmask64 rest = ~0ULL >> (64 - size);
  const __m512i last = _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, bytes), wide);
  _mm512_mask_storeu_epi8(bytes, rest, last);
  return (_mm512_movepi8_mask(seen) | (_mm512_movepi8_mask(last) & rest)) == 0;
}

#endif

using Masker = bool (*)(char*, std::size_t, std::uint32_t);

Masker masker(MaskCode code) {
#if defined(__x86_64__)
  if (code == MaskCode::avx512) return mask_avx512;
  if (code == MaskCode::avx2) return mask_avx2;
#endif
  static_cast<void>(code);
  return mask_words;
}

Masker best_masker() {
  for (const MaskCode code : {MaskCode::avx512, MaskCode::avx2})
    if (runs_here(code)) return masker(code);
  return mask_words;
}

}  // namespace

bool runs_here(MaskCode code) {
#if defined(__x86_64__)
  switch (code) {
    case MaskCode::words: return true;
    case MaskCode::avx2: return __builtin_cpu_supports("avx2");
    case MaskCode::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
  }
#endif
  return code == MaskCode::words;
}

bool apply_mask_with(MaskCode code, std::span<char> bytes, MaskKey key, std::uint64_t offset) {
  assert(runs_here(code));
  return masker(code)(bytes.data(), bytes.size(), turned(key, offset));
}

bool apply_mask(std::span<char> bytes, MaskKey key, std::uint64_t offset) {
  constexpr std::size_t worth_a_jump = 64;
  const std::uint32_t word = turned(key, offset);
  if (bytes.size() < worth_a_jump) return mask_words(bytes.data(), bytes.size(), word);
  static const Masker best = best_masker();
  return best(bytes.data(), bytes.size(), word);
}

}  // namespace orrery::websocket
