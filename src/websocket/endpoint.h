// Endpoint: the state machine of one session (RFC 6455 §5, §7): bytes to messages, control frames
// and faults.
//
// Owner   the session.
// Thread  its loop's. Time is an argument.
// Limit   message_bytes per message, over all its fragments and after inflation. A fragment counts
// 8
//         bytes of overhead: more than 2 x payload + 4 KiB of that per message is a fault. Memory
//         for an unfinished message is at most 2 x the bytes that arrived + 64 KiB, and never above
//         the limit.
// Why     a pull interface: whoever calls next() decides when to stop, and the rest of the input
// stays
//         with them. A whole message is a view into the input: nothing is copied or allocated.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "websocket/decoder.h"
#include "websocket/deflate.h"
#include "websocket/frame.h"

namespace orrery::websocket {

/// The whole input was consumed.
struct NeedMore {};

struct MessageArrived {
  Opcode opcode;  // text or binary
  std::string_view payload;
};

struct PingArrived {
  std::string_view payload;
};

struct PongArrived {
  std::string_view payload;
};

struct CloseArrived {
  std::uint16_t code;  // 0: an empty close frame
  std::string_view reason;
};

/// Payloads are valid until the next call of next(), and as long as the input buffer. That of a
/// compressed message lies in the loop's scratch: only until any next() with the same
/// DeflateEngine.
using Event = std::variant<NeedMore, MessageArrived, PingArrived, PongArrived, CloseArrived, Fault>;

struct EndpointLimits {
  std::uint64_t message_bytes = 1 << 20;
};

class Endpoint {
 public:
  explicit Endpoint(Role role, std::uint64_t message_bytes = EndpointLimits{}.message_bytes,
                    std::unique_ptr<Deflate> deflate = nullptr);
  ~Endpoint();
  Endpoint(Endpoint&&) noexcept;
  Endpoint& operator=(Endpoint&&) noexcept;

  /// Takes bytes from the front of `input`, up to the next event; it may change them in place.
  /// After a Fault or a CloseArrived everything is discarded: NeedMore, and the input is empty.
  /// A message may come in so many fragments; 0: any number.
  [[nodiscard]] Event next(std::span<char>& input, Time now, std::uint32_t most_fragments = 0) {
    if (takes_whole())
      if (const auto whole = decoder_.take_whole(input, message_bytes_)) return judge(*whole);
    return next_in_steps(input, now, most_fragments);
  }

  /// Room behind what is kept of an unfinished message, for what must follow: bytes that are put
  /// there and then given to next() are not copied. Empty: they may lie anywhere.
  [[nodiscard]] std::span<char> place_for_rest();

  /// Of messages that begin after this call; the one that is unfinished obeys from its next frame
  /// on.
  void set_message_bytes(std::uint64_t message_bytes) { message_bytes_ = message_bytes; }
  [[nodiscard]] std::uint64_t message_bytes() const { return message_bytes_; }

  /// When the first byte of the message or frame that is unfinished arrived.
  [[nodiscard]] std::optional<Time> message_started() const;
  /// Null unless compression was negotiated.
  [[nodiscard]] Deflate* deflate() const { return deflate_.get(); }
  /// Memory that is held for this session besides the object itself.
  [[nodiscard]] std::size_t buffered_bytes() const;
  /// Frees what a silent session doesn't need.
  void hibernate();

 private:
  struct Assembly;
  enum class Delivered : std::uint8_t { nothing, assembly, control, scratch };

  /// No message or control frame is kept, and nothing is to be forgotten; the decoder knows whether
  /// a frame has begun.
  [[nodiscard]] bool takes_whole() const {
    return delivered_ == Delivered::nothing && !ended_ && role_ == Role::server && !assembly_;
  }
  Event judge(const WholeMessage& whole) {
    if (whole.opcode == Opcode::text && !whole.ascii) return judge_text(whole);
    return MessageArrived{whole.opcode, whole.payload};
  }
  [[gnu::noinline]] Event judge_text(const WholeMessage& whole);
  [[gnu::noinline]] Event next_in_steps(std::span<char>& input, Time now,
                                        std::uint32_t most_fragments);
  void forget_delivered();
  Event fail(Fault fault);
  std::optional<Fault> head_fault() const;
  // These two say NeedMore for a piece that ended nothing.
  Event take_control(std::span<char>& input);
  Event take_data(std::span<char>& input, std::uint32_t most_fragments);
  Event control_event(std::string_view payload);
  Event whole_message(PayloadPiece piece);
  std::optional<Fault> add_piece(Assembly& message, PayloadPiece piece);
  std::optional<Fault> end_message(Assembly& message);
  [[nodiscard]] bool message_open() const;
  Assembly& assembly();

  std::unique_ptr<Deflate> deflate_;
  std::unique_ptr<Assembly> assembly_;  // only while a message or a control frame is unfinished
  std::uint64_t message_bytes_;
  Time started_;
  Decoder decoder_;
  Role role_;
  Delivered delivered_ = Delivered::nothing;
  bool ended_ = false;
};

}  // namespace orrery::websocket
