// The head of a frame, and every rule that a head can break.
//
// Thread  none: plain values.
#pragma once

#include <cstdint>
#include <optional>

#include "websocket/mask.h"
#include "websocket/opcode.h"

namespace orrery::websocket {

/// Which side of the connection this is: a server's frames are plain, a client's are masked.
enum class Role : std::uint8_t { server, client };

/// What the peer did wrong: the close code and the reason to answer it with (RFC 6455 §7.1.7).
struct Fault {
  std::uint16_t code = 1002;
  const char* reason = "";
};

/// The first bits of a frame that RFC 6455 reserves for extensions, as FrameHead::rsv shows them.
inline constexpr std::uint8_t rsv1 = 0b100;

struct FrameHead {
  bool fin = true;
  std::uint8_t rsv = 0;  // three bits: RSV1 is 0b100
  Opcode opcode = Opcode::continuation;
  bool masked = false;
  MaskKey mask{};
  std::uint64_t payload_bytes = 0;
};

/// What the rules need to know about the message so far.
struct FrameContext {
  Role role = Role::server;         // ours: a server must see masks, a client must not
  bool deflate = false;             // permessage-deflate was negotiated
  bool open = false;                // inside a fragmented message
  bool compressed = false;          // and its first frame had RSV1
  std::uint64_t message_bytes = 0;  // the limit of a whole message
  std::uint64_t payload_bytes = 0;  // payload of its earlier fragments
  std::uint32_t fragments = 0;      // number of its earlier fragments
};

/// The first rule that `head` breaks, if any.
[[nodiscard]] std::optional<Fault> fault_in(const FrameHead& head, const FrameContext& context);

}  // namespace orrery::websocket
