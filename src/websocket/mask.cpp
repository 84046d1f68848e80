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

void mask_words(char* bytes, std::size_t size, std::uint32_t key) {
  const std::uint64_t wide = static_cast<std::uint64_t>(key) << 32 | key;
  for (; size >= sizeof wide; bytes += sizeof wide, size -= sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    word ^= wide;
    std::memcpy(bytes, &word, sizeof word);
  }
  if (size >= sizeof key) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    word ^= key;
    std::memcpy(bytes, &word, sizeof word);
    bytes += sizeof word;
    size -= sizeof word;
  }
  std::array<char, sizeof key> rest;
  std::memcpy(rest.data(), &key, sizeof key);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ rest[i]);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) void mask_avx2(char* bytes, std::size_t size, std::uint32_t key) {
  const __m256i wide = _mm256_set1_epi32(static_cast<int>(key));
  for (; size >= 64; bytes += 64, size -= 64) {
    auto* const at = reinterpret_cast<__m256i*>(bytes);
    const __m256i first = _mm256_loadu_si256(at);
    const __m256i second = _mm256_loadu_si256(at + 1);
    _mm256_storeu_si256(at, _mm256_xor_si256(first, wide));
    _mm256_storeu_si256(at + 1, _mm256_xor_si256(second, wide));
  }
  _mm256_zeroupper();  // g++ 12 forgets it before a tail call, and all SSE code after it crawls
  mask_words(bytes, size, key);
}

__attribute__((target("avx512f,avx512bw"))) void mask_avx512(char* bytes, std::size_t size,
                                                             std::uint32_t key) {
  const __m512i wide = _mm512_set1_epi32(static_cast<int>(key));
  for (; size >= 64; bytes += 64, size -= 64)
    _mm512_storeu_si512(bytes, _mm512_xor_si512(_mm512_loadu_si512(bytes), wide));
  if (size == 0) return;
  const __mmask64 rest = ~0ULL >> (64 - size);
  const __m512i last = _mm512_maskz_loadu_epi8(rest, bytes);
  _mm512_mask_storeu_epi8(bytes, rest, _mm512_xor_si512(last, wide));
}

#endif

using Masker = void (*)(char*, std::size_t, std::uint32_t);

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

void apply_mask_with(MaskCode code, std::span<char> bytes, MaskKey key, std::uint64_t offset) {
  assert(runs_here(code));
  masker(code)(bytes.data(), bytes.size(), turned(key, offset));
}

void apply_mask(std::span<char> bytes, MaskKey key, std::uint64_t offset) {
  constexpr std::size_t worth_a_jump = 64;
  const std::uint32_t word = turned(key, offset);
  if (bytes.size() < worth_a_jump) return mask_words(bytes.data(), bytes.size(), word);
  static const Masker best = best_masker();
  best(bytes.data(), bytes.size(), word);
}

}  // namespace orrery::websocket
