// The limits of an Endpoint against input that was made to pass them: attacks 1, 2, 5, 6, 7 and 10.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "websocket/encoder.h"
#include "websocket/endpoint.h"
#include "websocket/transcript.h"

namespace orrery::websocket {
namespace {

using enum Opcode;
constexpr MaskKey key{0x12, 0x34, 0x56, 0x78};
constexpr std::uint64_t unlimited = ~0ULL;

std::string fragment(bool fin, Opcode opcode, std::string_view payload) {
  return encode_frame(opcode, payload, {.fin = fin, .mask = key});
}

// Only the head of a masked frame, with any first byte and any length in its shortest form.
std::string announce(std::uint8_t first, std::uint64_t bytes) {
  std::array<char, max_head_bytes> head;
  const std::size_t size = encode_head(head.data(), binary, bytes);
  std::string result(head.data(), size);
  result[0] = static_cast<char>(first);
  result[1] = static_cast<char>(static_cast<unsigned char>(result[1]) | 0x80);
  return result.append(4, 'k');
}

// Events of one piece of input, without a copy of it.
std::string feed(Endpoint& endpoint, std::span<char> input) {
  std::string transcript;
  while (true) {
    const Event event = endpoint.next(input, Time{});
    if (std::holds_alternative<NeedMore>(event)) return transcript;
    if (const auto* message = std::get_if<MessageArrived>(&event))
      transcript += "message of " + std::to_string(message->payload.size()) + "\n";
    else
      transcript += line_of(event);
  }
}

std::vector<std::uint64_t> extreme_lengths() {
  std::vector<std::uint64_t> lengths = {0, 125, 126, 127};
  for (const int bits : {16, 31, 32, 63})
    for (const std::int64_t step : {-1, 0, 1})
      lengths.push_back((1ULL << bits) + static_cast<std::uint64_t>(step));
  lengths.push_back(~0ULL);
  return lengths;
}

// What a server says to the head alone.
std::string expected_for(int opcode, std::uint64_t length, std::uint64_t limit) {
  if (opcode == 0) return "1002 nothing to continue\n";
  if ((opcode > 2 && opcode < 8) || opcode > 10) return "1002 unknown opcode\n";
  if (opcode >= 8 && length > 125) return "1002 long control frame\n";
  if (length >> 63 != 0) return "1002 length above 2^63 - 1\n";
  if (opcode < 8 && length > limit) return "1009 message too big\n";
  if (length > 0) return "";
  return opcode == 1   ? "text \n"
         : opcode == 2 ? "binary \n"
         : opcode == 8 ? "close\n"
         : opcode == 9 ? "ping \n"
                       : "pong \n";
}

TEST(EndpointLimits, ExtremeLengthsWithEveryOpcodeAndLimitAllocateNothing) {
  for (const std::uint64_t limit : {std::uint64_t{0}, std::uint64_t{1 << 20}, unlimited}) {
    for (int opcode = 0; opcode < 16; ++opcode) {
      for (const std::uint64_t length : extreme_lengths()) {
        const std::string head = announce(static_cast<std::uint8_t>(0x80 | opcode), length);
        for (const auto& cut : every_cut(head)) {
          Endpoint endpoint(Role::server, limit);
          ASSERT_EQ(transcript_of(endpoint, cut), expected_for(opcode, length, limit))
              << "opcode " << opcode << " length " << length << " limit " << limit;
          ASSERT_EQ(endpoint.buffered_bytes(), 0U);
        }
      }
    }
  }
}

// Each of the 256 first bytes gets the fault of its first broken rule, whatever form the length
// has.
TEST(EndpointLimits, AllFirstBytesInAllLengthForms) {
  for (int first = 0; first < 256; ++first) {
    for (const std::uint64_t length : {0ULL, 5ULL, 300ULL, 70000ULL}) {
      Endpoint endpoint(Role::server, 1 << 20);
      const int opcode = first % 16;
      const bool known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
      std::string expected = expected_for(opcode, length, 1 << 20);
      if (known && (first & 0x70) != 0)
        expected = "1002 reserved bits set\n";
      else if (known && opcode >= 8 && first < 128)
        expected = "1002 fragmented control frame\n";
      else if (known && opcode > 0 && opcode < 8 && first < 128)
        expected = "";
      EXPECT_EQ(transcript_of(endpoint, {announce(static_cast<std::uint8_t>(first), length)}),
                expected)
          << first << " length " << length;
    }
  }
}

TEST(EndpointLimits, ADeclaredLengthAllocatesAtMost64KiB) {
  Endpoint endpoint(Role::server, unlimited);
  EXPECT_EQ(transcript_of(endpoint, {announce(0x82, 1ULL << 40)}), "");
  EXPECT_EQ(endpoint.buffered_bytes(), 0U);
  EXPECT_EQ(transcript_of(endpoint, {"x"}), "");
  EXPECT_LE(endpoint.buffered_bytes(), 66 * 1024U);
}

TEST(EndpointLimits, AssemblyNeverHoldsMoreThanTwiceWhatArrivedAnd64KiB) {
  constexpr std::size_t total = 3'000'000;
  const std::string bytes = fragment(true, binary, std::string(total, 'x'));
  for (const std::size_t step : {1000U, 16384U, 262144U}) {
    Endpoint endpoint(Role::server, 1 << 22);
    std::string said;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      std::string piece = bytes.substr(at, step);
      said += feed(endpoint, piece);
      ASSERT_LE(endpoint.buffered_bytes(), 2 * (at + step) + 65 * 1024);
      ASSERT_LE(endpoint.buffered_bytes(), (1 << 22) + 1024U);
    }
    EXPECT_EQ(said, "message of 3000000\n");
    EXPECT_EQ(endpoint.buffered_bytes(), 0U);
  }
}

TEST(EndpointLimits, AMessageThatNeverEndsMeetsTheLimit) {
  Endpoint endpoint(Role::server, 100'000);
  std::string said = transcript_of(endpoint, {fragment(false, binary, std::string(1000, 'x'))});
  int fragments = 1;
  while (said.empty() && fragments < 1000) {
    said = transcript_of(endpoint, {fragment(false, continuation, std::string(1000, 'x'))});
    ++fragments;
  }
  EXPECT_EQ(said, "1009 message too big\n");
  EXPECT_EQ(fragments, 101);
}

TEST(EndpointLimits, TinyFragmentsAreCounted) {
  struct Row {
    const char* name;
    std::size_t payload;
    int accepted;  // fragments until the fault
  };
  const Row rows[] = {{"empty ones", 0, 512}, {"of one byte", 1, 682}, {"of three bytes", 3, 2048}};
  for (const auto& row : rows) {
    Endpoint endpoint(Role::server, unlimited);
    const std::string payload(row.payload, 'x');
    std::string said = transcript_of(endpoint, {fragment(false, binary, payload)});
    int accepted = 1;
    while (said.empty() && accepted < 10'000) {
      said = transcript_of(endpoint, {fragment(false, continuation, payload)});
      if (said.empty()) ++accepted;
    }
    EXPECT_EQ(said, "1009 too many fragments\n") << row.name;
    EXPECT_EQ(accepted, row.accepted) << row.name;
  }
}

std::string in_fragments(std::size_t count, std::size_t payload_bytes) {
  const std::string payload(payload_bytes, 'x');
  std::string bytes = fragment(false, binary, payload);
  const std::string middle = fragment(false, continuation, payload);
  for (std::size_t i = 2; i < count; ++i) bytes += middle;
  return bytes + fragment(true, continuation, payload);
}

TEST(EndpointLimits, FourMiBIn64ByteFragmentsAreFine) {
  std::string bytes = in_fragments(65536, 64);
  Endpoint endpoint(Role::server, 4 << 20);
  EXPECT_EQ(feed(endpoint, bytes), "message of 4194304\n");
}

// Attack 7. Work is counted, not timed: how often and how far the buffer moved.
TEST(EndpointLimits, ReassemblyIsLinear) {
  const auto bytes_moved = [](std::size_t count) {
    std::string bytes = in_fragments(count, 64);
    Endpoint endpoint(Role::server, unlimited);
    std::size_t moved = 0;
    std::size_t held = 0;
    for (std::size_t at = 0; at < bytes.size(); at += 70) {
      EXPECT_EQ(feed(endpoint, std::span(bytes).subspan(at, 70)),
                at + 70 == bytes.size() ? "message of " + std::to_string(count * 64) + "\n" : "");
      if (endpoint.buffered_bytes() != held) moved += at;
      held = endpoint.buffered_bytes();
    }
    return moved;
  };
  const std::size_t once = bytes_moved(20'000);
  EXPECT_LE(bytes_moved(40'000), once * 22 / 10);
}

TEST(EndpointLimits, ALowerLimitHoldsFromTheNextFrameOn) {
  Endpoint endpoint(Role::server, 1000);
  const std::string bytes = fragment(false, binary, std::string(600, 'x'));
  EXPECT_EQ(transcript_of(endpoint, {bytes.substr(0, 100)}), "");
  endpoint.set_message_bytes(50);
  EXPECT_EQ(transcript_of(endpoint, {bytes.substr(100)}), "");
  EXPECT_EQ(transcript_of(endpoint, {fragment(true, continuation, "x")}), "1009 message too big\n");
}

TEST(EndpointLimits, ALimitOfZeroTakesEmptyMessagesOnly) {
  Endpoint endpoint(Role::server, 0);
  EXPECT_EQ(transcript_of(endpoint, {fragment(true, text, "") + fragment(true, text, "x")}),
            "text \n1009 message too big\n");
}

}  // namespace
}  // namespace orrery::websocket
