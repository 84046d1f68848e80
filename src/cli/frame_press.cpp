#include "cli/frame_press.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "websocket/encoder.h"

namespace orrery::cli {
namespace {

constexpr std::size_t press_bytes = 256 * 1024;
constexpr std::size_t most_frames = 256;

std::string masked_head(websocket::Opcode opcode, std::size_t payload_bytes) {
  std::array<char, websocket::max_head_bytes> head;
  const std::size_t size = websocket::encode_head(head.data(), opcode, payload_bytes);
  head[1] = static_cast<char>(static_cast<unsigned char>(head[1]) | 0x80);
  return {head.data(), size};
}

websocket::MaskKey difference(websocket::MaskKey one, websocket::MaskKey other) {
  for (std::size_t i = 0; i < one.size(); ++i) one[i] ^= other[i];
  return one;
}

}  // namespace

websocket::MaskKey MaskSource::next() {
  if (used_ == bulk_.size()) {
    random_.fill(bulk_);
    used_ = 0;
  }
  websocket::MaskKey key;
  std::memcpy(key.data(), bulk_.data() + used_, key.size());
  used_ += key.size();
  return key;
}

FramePress::FramePress(const Payload& payload, Random& random, websocket::DeflateEngine* deflate)
    : payload_(payload), masks_(random), head_(masked_head(payload.opcode(), payload.size())) {
  frame_bytes_ = head_.size() + sizeof(websocket::MaskKey) + payload.size();
  most_ = std::clamp<std::size_t>(press_bytes / frame_bytes_, 1, most_frames);
  if (!deflate) prepare();
  for (std::uint64_t i = 0; deflate && i < Payload::variants; ++i)
    compressed_.emplace_back(deflate->compress(payload.with(Payload::variant_tag(i))));
}

// All frames lie there with the mask 0.
void FramePress::prepare() {
  keys_.resize(most_);
  frames_.reserve(most_ * frame_bytes_);
  for (std::size_t i = 0; i < most_; ++i) {
    frames_ += head_;
    frames_.append(sizeof(websocket::MaskKey), '\0');
    frames_ += payload_.bytes();
  }
}

std::string_view FramePress::press(std::uint32_t sender, std::uint64_t first, std::size_t count) {
  count = std::min(count, most_);
  if (!compressed_.empty()) return press_compressed(first, count);
  for (std::size_t i = 0; i < count; ++i) press_at(i, Payload::tag(sender, first + i));
  return {frames_.data(), count * frame_bytes_};
}

void FramePress::press_at(std::size_t slot, const Payload::Tag& tag) {
  const websocket::MaskKey key = masks_.next();
  char* const mask = frames_.data() + slot * frame_bytes_ + head_.size();
  char* const payload = mask + key.size();
  const std::size_t tagged = payload_.tagged();
  std::memcpy(mask, key.data(), key.size());
  if (payload_.size() > tagged)
    (void)websocket::apply_mask({payload + tagged, payload_.size() - tagged},
                                difference(keys_[slot], key), tagged);
  keys_[slot] = key;
  std::memcpy(payload, tag.data(), tagged);
  (void)websocket::apply_mask({payload, tagged}, key);
}

std::string_view FramePress::press_compressed(std::uint64_t first, std::size_t count) {
  frames_.clear();
  for (std::size_t i = 0; i < count; ++i)
    frames_ +=
        websocket::encode_frame(payload_.opcode(), compressed_[(first + i) % Payload::variants],
                                {.compressed = true, .mask = masks_.next()});
  return frames_;
}

std::string FramePress::frame(websocket::Opcode opcode, std::string_view payload) {
  return websocket::encode_frame(opcode, payload, {.mask = masks_.next()});
}

}  // namespace orrery::cli
