#include "server/taps.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "observe/redact.h"

namespace orrery::server {

namespace {

using namespace std::chrono_literals;

// Enough to see where a value ends that begins in what is shown.
constexpr std::size_t looked_at_bytes = 8 * Taps::shown_bytes;

// The longest beginning of at most `bytes` that ends between characters.
std::string_view beginning(std::string_view utf8, std::size_t bytes) {
  if (utf8.size() <= bytes) return utf8;
  while (bytes > 0 && (static_cast<unsigned char>(utf8[bytes]) & 0xc0) == 0x80) --bytes;
  return utf8.substr(0, bytes);
}

bool has_text(TappedFrame::Kind kind) {
  return kind == TappedFrame::Kind::text || kind == TappedFrame::Kind::close;
}

}  // namespace

bool Taps::add(SlotId session, std::weak_ptr<FrameTap> tap) {
  std::erase_if(taps_, [](const Tap& each) { return each.to.expired(); });
  if (taps_.size() == most) return false;
  taps_.push_back({session, std::move(tap)});
  return true;
}

bool Taps::show(SlotId session, TappedFrame frame, std::string_view payload,
                std::span<const std::string> secrets, Time now) {
  std::erase_if(taps_, [](const Tap& each) { return each.to.expired(); });
  bool anybody = false;
  std::optional<std::string> text;  // made for the first who is shown it
  for (Tap& tap : taps_) {
    if (tap.session != session) continue;
    anybody = true;
    if (now - tap.second_began >= 1s) tap.second_began = now, tap.shown = 0;
    if (++tap.shown > shown_per_second) {
      ++tap.skipped;
      continue;
    }
    if (!text) {
      text = has_text(frame.kind)
                 ? observe::redact_text(beginning(payload, looked_at_bytes), secrets)
                 : std::string();
      frame.shown = beginning(*text, shown_bytes);
      frame.cut = has_text(frame.kind) &&
                  (frame.shown.size() < text->size() || payload.size() > looked_at_bytes);
    }
    frame.skipped = std::exchange(tap.skipped, 0);
    if (const auto to = tap.to.lock()) to->on_frame(frame);
  }
  return anybody;
}

void Taps::end(SlotId session) {
  for (const Tap& tap : taps_) {
    if (tap.session != session) continue;
    const TappedFrame last{.direction = TappedFrame::Direction::out,
                           .kind = TappedFrame::Kind::end,
                           .skipped = tap.skipped};
    if (const auto to = tap.to.lock()) to->on_frame(last);
  }
  std::erase_if(taps_, [&](const Tap& each) { return each.session == session; });
}

}  // namespace orrery::server
