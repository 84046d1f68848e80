#include "websocket/frame.h"

namespace orrery::websocket {
namespace {

constexpr std::uint64_t no_limit = ~0ULL;

std::uint64_t sum_or_no_limit(std::uint64_t a, std::uint64_t b) {
  return a > no_limit - b ? no_limit : a + b;
}

// What may still come. Compressed payload is held to what deflate makes of the limit at its worst,
// nine bits for a byte; what it inflates to is held to the limit itself.
std::uint64_t bytes_left(const FrameContext& context, bool compressed) {
  const std::uint64_t plain = context.message_bytes;
  const std::uint64_t limit = compressed ? sum_or_no_limit(plain, plain / 8 + 1024) : plain;
  return limit > context.payload_bytes ? limit - context.payload_bytes : 0;
}

// Each fragment costs its head and some work: 8 bytes, of which a message may have twice its
// payload and 4 KiB. So 64-byte fragments may be any number, empty ones 512.
bool too_many_fragments(const FrameHead& head, const FrameContext& context) {
  constexpr std::uint64_t bytes_per_fragment = 8;
  constexpr std::uint64_t free_bytes = 4096;
  const std::uint64_t overhead = bytes_per_fragment * (context.fragments + 1ULL);
  const std::uint64_t payload = sum_or_no_limit(context.payload_bytes, head.payload_bytes);
  return overhead > free_bytes && (overhead - free_bytes) / 2 > payload;
}

}  // namespace

std::optional<Fault> fault_in(const FrameHead& head, const FrameContext& context) {
  const auto op = head.opcode;
  const bool open = context.open;
  const bool server = context.role == Role::server;
  const bool compressed = open ? context.compressed : head.rsv == rsv1;
  const int allowed = context.deflate && starts_message(op) ? rsv1 : 0;  // RFC 7692 §6
  const std::uint64_t bytes = head.payload_bytes;
  const bool continues = op == Opcode::continuation;
  const bool too_big = bytes > bytes_left(context, compressed);
  const bool too_many = too_many_fragments(head, context);
  // clang-format off
  if (!is_known(op))                    return Fault{1002, "unknown opcode"};             // §5.2
  if ((head.rsv & ~allowed) != 0)       return Fault{1002, "reserved bits set"};          // §5.2
  if (server && !head.masked)           return Fault{1002, "client frame not masked"};    // §5.1
  if (!server && head.masked)           return Fault{1002, "server frame masked"};        // §5.1
  if (is_control(op) && !head.fin)      return Fault{1002, "fragmented control frame"};   // §5.5
  if (is_control(op) && bytes > 125)    return Fault{1002, "long control frame"};         // §5.5
  if (is_control(op))                   return std::nullopt;
  if (continues && !open)               return Fault{1002, "nothing to continue"};        // §5.4
  if (!continues && open)               return Fault{1002, "message not finished"};       // §5.4
  if (bytes >> 63 != 0)                 return Fault{1002, "length above 2^63 - 1"};      // §5.2
  if (too_big)                          return Fault{1009, "message too big"};            // §7.4.1
  if (too_many)                         return Fault{1009, "too many fragments"};         // §7.4.1
  // clang-format on
  return std::nullopt;
}

}  // namespace orrery::websocket
