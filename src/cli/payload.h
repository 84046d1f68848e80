// A Payload is what `bench` sends: words of a given length, which compress about as well as JSON
// does. It begins with a tag, different for each message, so that a lost, doubled or swapped one is
// noticed.
//
// Owner   the command; all sessions read it.
// Thread  any: it does not change.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "websocket/opcode.h"

namespace orrery::cli {

class Payload {
 public:
  /// Eight letters for the message, eight for the sender; of a shorter payload what fits.
  static constexpr std::size_t tag_bytes = 16;
  using Tag = std::array<char, tag_bytes>;

  Payload(websocket::Opcode opcode, std::size_t bytes);

  [[nodiscard]] websocket::Opcode opcode() const { return opcode_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  /// With an arbitrary tag.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  /// How many bytes of the tag there are.
  [[nodiscard]] std::size_t tagged() const {
    return bytes_.size() < tag_bytes ? size() : tag_bytes;
  }
  [[nodiscard]] static Tag tag(std::uint32_t sender, std::uint64_t message);
  /// Compressed messages are prepared: so many different ones, the same for all senders.
  static constexpr std::uint64_t variants = 16;
  [[nodiscard]] static Tag variant_tag(std::uint64_t message) { return tag(0, message % variants); }
  /// The whole message with this tag.
  [[nodiscard]] std::string with(const Tag& tag) const;

  enum class Care : std::uint8_t { tag_only, all_bytes };
  /// Whether `piece` is what stands at `offset` of that message.
  [[nodiscard]] bool matches(std::string_view piece, std::size_t offset, const Tag& tag,
                             Care care) const;

 private:
  websocket::Opcode opcode_;
  std::string bytes_;
};

}  // namespace orrery::cli
