// Masking: payload XOR a key of four bytes (RFC 6455 §5.3). The same function masks and unmasks.
//
// Thread  any.
// Why     the code is chosen once, at run time, from what the CPU has: AVX-512, AVX2 or plain
//         words. Whether a text is ASCII, and so UTF-8, is seen on the way: it is not read again.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace orrery::websocket {

using MaskKey = std::array<std::uint8_t, 4>;

/// XORs `bytes` in place. `offset` is the position of the first of them in the frame's payload.
/// Whether they are ASCII now.
[[nodiscard]] bool apply_mask(std::span<char> bytes, MaskKey key, std::uint64_t offset = 0);

/// The implementations, for tests and benchmarks.
enum class MaskCode : std::uint8_t { words, avx2, avx512 };
[[nodiscard]] bool runs_here(MaskCode code);
/// As apply_mask(), with the implementation named; it must run here.
[[nodiscard]] bool apply_mask_with(MaskCode code, std::span<char> bytes, MaskKey key,
                                   std::uint64_t offset = 0);

}  // namespace orrery::websocket
