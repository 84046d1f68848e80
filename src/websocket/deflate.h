// permessage-deflate (RFC 7692): what one session needs, and what all sessions of a loop share.
//
// Owner   DeflateEngine: the loop; it outlives its sessions. Deflate: the session's Endpoint.
// Thread  their loop's.
// Limit   inflating stops at the limit of a message, and allocates at most that and 64 KiB; scratch
//         memory above 1 MiB is given back.
// Why     ISA-L compresses several times faster than zlib where the CPU has AVX2; zlib keeps
// windows
//         between messages, and inflates everywhere, so that one peer sees one behaviour.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "websocket/frame.h"
#include "websocket/growing_buffer.h"

namespace orrery::websocket {

/// What both sides agreed on (RFC 7692 §7.1).
struct DeflateParams {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  int server_max_window_bits = 15;
  int client_max_window_bits = 15;
  friend bool operator==(const DeflateParams&, const DeflateParams&) = default;
};

/// Whether a session's messages are compressed one by one, by the loop's compressor, or with a
/// context of its own that remembers the messages before.
enum class CompressionMode : std::uint8_t { shared, dedicated };

class Inflater;
class Deflater;
class Igzip;

/// Which compressor a DeflateEngine has.
enum class CompressorChoice : std::uint8_t { fastest, zlib };

class DeflateEngine {
 public:
  explicit DeflateEngine(CompressorChoice choice = CompressorChoice::fastest);
  ~DeflateEngine();
  DeflateEngine(const DeflateEngine&) = delete;
  DeflateEngine& operator=(const DeflateEngine&) = delete;

  /// `payload` as the payload of a compressed message that depends on no other, without the
  /// trailing 00 00 ff ff. Valid until the next call of this or of Deflate::compress(). Window bits
  /// 9 to 15.
  [[nodiscard]] std::string_view compress(std::string_view payload, int window_bits = 15);

  /// Gives back scratch memory above 1 MiB. Call it when no view is in use: at the end of a turn.
  void trim();
  /// Memory that the engine holds for all its sessions.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  friend class Deflate;
  std::unique_ptr<Inflater> borrow_inflater();
  void give_back(std::unique_ptr<Inflater> inflater);
  void trim_inflated();

  std::unique_ptr<Igzip> igzip_;
  std::array<std::unique_ptr<Deflater>, 16> deflaters_;  // by window bits
  std::vector<std::unique_ptr<Inflater>> idle_inflaters_;
  GrowingBuffer compressed_;
  GrowingBuffer inflated_;
  CompressorChoice choice_;
};

/// How inflating a piece of a message went.
enum class Inflated : std::uint8_t { fine, too_big, broken };

/// What a dedicated compressor costs: zlib's level 1 to 9 and memory level 1 to 9.
struct DedicatedContext {
  int level = 6;
  int memory_level = 8;
};

class Deflate {
 public:
  Deflate(DeflateEngine& engine, Role role, const DeflateParams& params,
          CompressionMode mode = CompressionMode::shared, const DedicatedContext& context = {});
  ~Deflate();
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;

  /// `payload` compressed, without the trailing 00 00 ff ff: the payload of a message whose first
  /// frame has RSV1. Valid until the next call on the same engine.
  [[nodiscard]] std::string_view compress(std::string_view payload);
  /// Whether compress() looks at no earlier message, so that a payload that the engine compressed
  /// for somebody else with the same window bits will do.
  [[nodiscard]] bool independent() const { return mode_ == CompressionMode::shared; }
  /// Of what this side sends.
  [[nodiscard]] int window_bits() const;

  /// Appends what `piece` of the current message inflates to. Also when the result is not `fine`,
  /// `out` has everything that came before the fault or fits below `limit`.
  [[nodiscard]] Inflated inflate(std::string_view piece, GrowingBuffer& out, std::uint64_t limit);
  /// Ends the current message; the next piece begins another.
  [[nodiscard]] Inflated finish(GrowingBuffer& out, std::uint64_t limit);
  /// The loop's buffer for a message that is inflated in one go; used until the next such message.
  [[nodiscard]] GrowingBuffer& scratch() { return engine_.inflated_; }
  /// Gives that buffer back if it is above 1 MiB. The Endpoint calls it; no view is in use then.
  void trim_scratch() { engine_.trim_inflated(); }

  /// Frees the compressor's context, and of the inflater all but the history that the peer may
  /// refer to. Both come back when they are needed.
  void hibernate();
  /// Memory that this session holds.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  [[nodiscard]] bool own_takeover() const;
  [[nodiscard]] bool peer_takeover() const;
  Inflater& inflater();

  DeflateEngine& engine_;
  std::unique_ptr<Deflater> deflater_;  // dedicated
  std::unique_ptr<Inflater> inflater_;  // while a message is unfinished, or with context takeover
  std::string history_;                 // the inflater's window while hibernating
  DeflateParams params_;
  Role role_;
  CompressionMode mode_;
  bool in_message_ = false;
  DedicatedContext context_;
};

}  // namespace orrery::websocket
