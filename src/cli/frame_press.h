// A FramePress makes the frames that `bench` sends: the same payload again and again, each with its
// own tag and its own mask.
//
// Owner   one loop's share of the load; all its sessions use it in turn.
// Thread  its loop's.
// Limit   256 KiB of frames (or one frame), and 4 KiB of masks.
// Why     RFC 6455 §5.3 wants a fresh mask per frame that nobody can predict. The masks come from
//         the system's generator, a thousand at a time, so each costs a few nanoseconds. A frame
//         that lies here masked is masked again in place, with the difference of the two masks:
//         nothing is copied.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "cli/payload.h"
#include "websocket/deflate.h"
#include "websocket/mask.h"

namespace orrery::cli {

/// Masks in bulk.
class MaskSource {
 public:
  explicit MaskSource(Random& random) : random_(random) {}
  [[nodiscard]] websocket::MaskKey next();

 private:
  Random& random_;
  std::array<char, 4096> bulk_{};
  std::size_t used_ = sizeof bulk_;
};

class FramePress {
 public:
  /// `deflate`: compresses the messages, once and for all.
  FramePress(const Payload& payload, Random& random, websocket::DeflateEngine* deflate = nullptr);
  FramePress(const FramePress&) = delete;
  FramePress& operator=(const FramePress&) = delete;

  /// At most so many frames come out of one press().
  [[nodiscard]] std::size_t most() const { return most_; }
  /// The frames of `count` messages of this sender, from number `first` on. Gone with the next
  /// call.
  [[nodiscard]] std::string_view press(std::uint32_t sender, std::uint64_t first,
                                       std::size_t count);
  /// Any other frame, such as a pong.
  [[nodiscard]] std::string frame(websocket::Opcode opcode, std::string_view payload);

 private:
  void prepare();
  void press_at(std::size_t slot, const Payload::Tag& tag);
  std::string_view press_compressed(std::uint64_t first, std::size_t count);

  const Payload& payload_;
  MaskSource masks_;
  std::string head_{};  // up to the mask
  std::size_t frame_bytes_ = 0;
  std::size_t most_ = 1;
  std::vector<websocket::MaskKey> keys_{};  // what each frame is masked with now
  std::string frames_{};
  std::vector<std::string> compressed_{};
};

}  // namespace orrery::cli
