#include "websocket/mask.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "websocket/encoder.h"
#include "websocket/secure_random.h"

namespace orrery::websocket {
namespace {

constexpr MaskKey key{0x11, 0x22, 0x84, 0xf8};

std::string masked_byte_by_byte(std::string text, MaskKey mask, std::uint64_t offset) {
  for (std::size_t i = 0; i < text.size(); ++i)
    text[i] = static_cast<char>(text[i] ^ mask[(offset + i) % 4]);
  return text;
}

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  SeededRandom(7).fill(bytes);
  return bytes;
}

class Mask : public testing::TestWithParam<MaskCode> {};

TEST_P(Mask, EqualsByteByByteAtEverySizeOffsetAndAlignment) {
  if (!runs_here(GetParam())) {
    EXPECT_NE(GetParam(), MaskCode::words) << "plain words run everywhere";
    return;
  }
  const std::string text = noise(300);
  for (std::size_t alignment = 0; alignment < 64; alignment += 7) {
    for (std::size_t size = 0; size < 200; ++size) {
      for (std::uint64_t offset = 0; offset < 4; ++offset) {
        std::string bytes = text;
        (void)apply_mask_with(GetParam(), std::span(bytes).subspan(alignment, size), key, offset);
        std::string expected = text;
        expected.replace(alignment, size,
                         masked_byte_by_byte(text.substr(alignment, size), key, offset));
        ASSERT_EQ(bytes, expected)
            << "alignment " << alignment << " size " << size << " offset " << offset;
      }
    }
  }
}

TEST_P(Mask, SaysWhetherTheBytesAreAsciiNow) {
  if (!runs_here(GetParam())) return;  // said by the test before
  for (std::size_t size = 0; size < 200; ++size) {
    std::string text = masked_byte_by_byte(std::string(size, 'a'), key, 1);
    EXPECT_TRUE(apply_mask_with(GetParam(), text, key, 1)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      std::string other(size, 'a');
      other[at] = '\x80';
      std::string bytes = masked_byte_by_byte(other, key, 1);
      ASSERT_FALSE(apply_mask_with(GetParam(), bytes, key, 1)) << at << " of " << size;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EachImplementation, Mask,
                         testing::Values(MaskCode::words, MaskCode::avx2, MaskCode::avx512));

TEST(Mask, TheChosenImplementationEqualsPlainWords) {
  for (const std::size_t size : {0, 1, 63, 64, 65, 1000, 65536, 100001}) {
    std::string bytes = noise(size);
    const std::string expected = masked_byte_by_byte(bytes, key, 3);
    (void)apply_mask(bytes, key, 3);
    EXPECT_EQ(bytes, expected) << size;
  }
}

TEST(Mask, TwiceIsNotAtAll) {
  std::string bytes = noise(1000);
  (void)apply_mask(bytes, key);
  (void)apply_mask(bytes, key);
  EXPECT_EQ(bytes, noise(1000));
}

TEST(Mask, PiecesContinueWhereTheLastOneEnded) {
  const std::string text = noise(100);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    std::string bytes = text;
    (void)apply_mask(std::span(bytes).first(cut), key, 0);
    (void)apply_mask(std::span(bytes).subspan(cut), key, cut);
    EXPECT_EQ(bytes, masked_byte_by_byte(text, key, 0)) << cut;
  }
}

TEST(Mask, OffsetsBeyond32BitsCount) {
  std::string bytes = "abcd";
  (void)apply_mask(bytes, key, (1ULL << 40) + 1);
  EXPECT_EQ(bytes, masked_byte_by_byte("abcd", key, 1));
}

// Attack 23: a mask that the peer can predict lets a page choose the bytes on the wire.
TEST(Mask, FreshOnesAreNeitherRepeatedNorBiased) {
  SecureRandom random;
  constexpr int count = 20000;
  std::set<MaskKey> seen;
  std::array<int, 32> ones{};
  for (int i = 0; i < count; ++i) {
    const MaskKey mask = fresh_mask(random);
    seen.insert(mask);
    for (std::size_t bit = 0; bit < 32; ++bit) ones[bit] += mask[bit / 8] >> (bit % 8) & 1;
  }
  // 20,000 of 2^32 collide 0.05 times on average; each bit is one 10,000 +- 71 times.
  EXPECT_GE(seen.size(), count - 5U);
  for (const int bit_ones : ones) EXPECT_NEAR(bit_ones, count / 2, 8 * 71);
}

}  // namespace
}  // namespace orrery::websocket
