// Taps are who looks at the frames of sessions of one loop.
//
// Owner   its LoopServer.
// Thread  its loop's, on which FrameTap::on_frame() is called.
// Limit   16 taps; 50 frames of a session in a second, the rest is counted; 512 bytes of a text.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/slab.h"
#include "orrery/address.h"

namespace orrery::server {

class Taps {
 public:
  static constexpr std::size_t most = 16;
  static constexpr std::size_t shown_per_second = 50;
  static constexpr std::size_t shown_bytes = 512;

  /// False: there are too many.
  [[nodiscard]] bool add(SlotId session, std::weak_ptr<FrameTap> tap);
  /// A frame of a session, as it is: what may be seen of it is left in. Whether anybody looks.
  bool show(SlotId session, TappedFrame frame, std::string_view payload,
            std::span<const std::string> secrets, Time now);
  /// The session is gone.
  void end(SlotId session);

 private:
  struct Tap {
    SlotId session;
    std::weak_ptr<FrameTap> to;
    Time second_began{};
    std::size_t shown = 0;  // in this second
    std::uint64_t skipped = 0;
  };

  std::vector<Tap> taps_;
};

}  // namespace orrery::server
