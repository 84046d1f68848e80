#include "websocket/endpoint.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "websocket/encoder.h"
#include "websocket/transcript.h"

namespace orrery::websocket {
namespace {

using enum Opcode;
constexpr bool more = false;
constexpr bool fin = true;
constexpr MaskKey key1{0x37, 0xfa, 0x21, 0x3d};
constexpr MaskKey key2{0x80, 0x00, 0xff, 0x7f};
constexpr std::uint64_t limit = 500;
const std::string x300(300, 'x');

std::string frame(bool is_last, Opcode opcode, std::string_view payload, MaskKey key = key1) {
  return encode_frame(opcode, payload, {.fin = is_last, .mask = key});
}

std::string with_first_byte(std::uint8_t first, std::string_view payload) {
  std::string bytes = frame(fin, text, payload);
  bytes[0] = static_cast<char>(first);
  return bytes;
}

std::string close_frame(std::uint16_t code, std::string_view reason) {
  return frame(fin, close, close_payload(code, reason));
}

std::string operator*(int times, const std::string& bytes) {
  std::string result;
  for (int i = 0; i < times; ++i) result += bytes;
  return result;
}

struct Row {
  const char* name;
  std::string bytes;
  std::string transcript;
};

void expect_rows(Role role, const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    for (const auto& cut : every_cut(row.bytes)) {
      Endpoint endpoint(role, limit);
      ASSERT_EQ(transcript_of(endpoint, cut), row.transcript)
          << row.name << ", first piece of " << cut.front().size() << " bytes";
    }
  }
}

TEST(Endpoint, ReadsMessages) {
  expect_rows(
      Role::server,
      {
          {"a text message", frame(fin, text, "hello"), "text hello\n"},
          {"a binary message", frame(fin, binary, "\x01\xff"), "binary \x01\xff\n"},
          {"an empty message", frame(fin, text, ""), "text \n"},
          {"two messages in one read", frame(fin, text, "a") + frame(fin, text, "b"),
           "text a\ntext b\n"},
          {"a message in 126 bytes", frame(fin, binary, std::string(126, 'y')),
           "binary " + std::string(126, 'y') + "\n"},
          {"a mask of zeros", frame(fin, text, "hello", {}), "text hello\n"},
          {"each fragment has its own mask",
           frame(more, text, "hel", key1) + frame(fin, continuation, "lo", key2), "text hello\n"},
          {"fragments may be empty",
           frame(more, text, "") + frame(more, continuation, "") + frame(fin, continuation, ""),
           "text \n"},
          {"the last fragment may be empty",
           frame(more, binary, "ab") + frame(fin, continuation, ""), "binary ab\n"},
          {"a whole message after a fragmented one",
           frame(more, text, "a") + frame(fin, continuation, "b") + frame(fin, text, "c"),
           "text ab\ntext c\n"},
          {"a fragmented message after a fragmented one",
           2 * (frame(more, text, "a") + frame(fin, continuation, "b")), "text ab\ntext ab\n"},
          {"a message that is not finished says nothing", frame(more, text, "hel"), ""},
          {"half a head says nothing", frame(fin, text, "hello").substr(0, 5), ""},
      });
}

TEST(Endpoint, ReadsControlFrames) {
  const std::string x125(125, 'x');
  expect_rows(
      Role::server,
      {
          {"a ping", frame(fin, ping, "?"), "ping ?\n"},
          {"a pong nobody asked for", frame(fin, pong, "!"), "pong !\n"},
          {"an empty ping", frame(fin, ping, ""), "ping \n"},
          {"the longest ping", frame(fin, ping, x125), "ping " + x125 + "\n"},
          {"a ping is not text", frame(fin, ping, "\xff\xfe"), "ping \xff\xfe\n"},
          {"a ping may interrupt a message",
           frame(more, text, "hel") + frame(fin, ping, "?") + frame(fin, continuation, "lo"),
           "ping ?\ntext hello\n"},
          {"pings may interrupt each border",
           frame(more, text, "a") + frame(fin, ping, "1") + frame(more, continuation, "b") +
               frame(fin, pong, "2") + frame(fin, ping, "") + frame(fin, continuation, "c"),
           "ping 1\npong 2\nping \ntext abc\n"},
          {"a ping may interrupt a character",
           frame(more, text, "\xe4") + frame(fin, ping, "?") + frame(fin, continuation, "\xb8\x96"),
           "ping ?\ntext \xe4\xb8\x96\n"},
      });
}

TEST(Endpoint, ReadsTheClose) {
  expect_rows(Role::server,
              {
                  {"an empty close", frame(fin, close, ""), "close\n"},
                  {"a close with a code", close_frame(1000, ""), "close 1000 \n"},
                  {"a close with a reason", close_frame(4001, "bye 世界"), "close 4001 bye 世界\n"},
                  {"the longest reason", close_frame(1000, std::string(123, 'r')),
                   "close 1000 " + std::string(123, 'r') + "\n"},
                  {"a close in the midst of a message",
                   frame(more, text, "hel") + close_frame(1001, ""), "close 1001 \n"},
                  {"nothing counts after a close", close_frame(1000, "") + frame(fin, text, "late"),
                   "close 1000 \n"},
                  {"not even garbage", close_frame(1000, "") + "\xff\xff\xff\xff", "close 1000 \n"},
                  {"a close frame of one byte", frame(fin, close, "\x03"),
                   "1002 close frame of one byte\n"},
                  {"a code nobody may send", close_frame(1005, ""), "1002 bad close code\n"},
                  {"a code nobody registered", close_frame(2999, ""), "1002 bad close code\n"},
                  {"a code below all ranges", frame(fin, close, std::string("\x00\x01", 2)),
                   "1002 bad close code\n"},
                  {"a reason that is not UTF-8", close_frame(1000, "\xce\xba\xff"),
                   "1007 close reason is not UTF-8\n"},
                  {"a reason that ends inside a character", close_frame(1000, "ab\xe4\xb8"),
                   "1007 close reason is not UTF-8\n"},
              });
}

TEST(Endpoint, EveryRuleOfAFrameHead) {
  expect_rows(
      Role::server,
      {
          {"opcode 3 is unknown", with_first_byte(0x83, "a"), "1002 unknown opcode\n"},
          {"opcode 15 is unknown", with_first_byte(0x8f, "a"), "1002 unknown opcode\n"},
          {"RSV1 without an extension", with_first_byte(0xc1, "a"), "1002 reserved bits set\n"},
          {"RSV2", with_first_byte(0xa1, "a"), "1002 reserved bits set\n"},
          {"RSV3", with_first_byte(0x91, "a"), "1002 reserved bits set\n"},
          {"RSV1 on a ping", with_first_byte(0xc9, "a"), "1002 reserved bits set\n"},
          {"an unmasked frame", encode_frame(text, "hello"), "1002 client frame not masked\n"},
          {"an unmasked empty frame", encode_frame(text, ""), "1002 client frame not masked\n"},
          {"an unmasked ping", encode_frame(ping, "a"), "1002 client frame not masked\n"},
          {"a ping in fragments", frame(more, ping, "a"), "1002 fragmented control frame\n"},
          {"a close in fragments", frame(more, close, ""), "1002 fragmented control frame\n"},
          {"a ping of 126 bytes", frame(fin, ping, std::string(126, 'x')),
           "1002 long control frame\n"},
          {"a close of 126 bytes", frame(fin, close, std::string(126, 'x')),
           "1002 long control frame\n"},
          {"a continuation of nothing", frame(fin, continuation, "lo"),
           "1002 nothing to continue\n"},
          {"a continuation after the end",
           frame(more, text, "a") + frame(fin, continuation, "b") + frame(fin, continuation, "c"),
           "text ab\n1002 nothing to continue\n"},
          {"a continuation after a whole message",
           frame(fin, text, "a") + frame(fin, continuation, "b"),
           "text a\n1002 nothing to continue\n"},
          {"a message inside a message", frame(more, text, "a") + frame(fin, text, "b"),
           "1002 message not finished\n"},
          {"a length in the wrong form", std::string("\x81\xfe\x00\x01", 4) + "kkkkx",
           "1002 length not in its shortest form\n"},
          {"what came before a fault counts", frame(fin, text, "a") + with_first_byte(0x83, "b"),
           "text a\n1002 unknown opcode\n"},
          {"nothing counts after a fault", with_first_byte(0x83, "b") + frame(fin, text, "late"),
           "1002 unknown opcode\n"},
      });
}

TEST(Endpoint, TextIsUtf8) {
  expect_rows(
      Role::server,
      {
          {"a character across two frames",
           frame(more, text, "\xf0\x9f") + frame(fin, continuation, "\x8c\x8d"),
           "text \xf0\x9f\x8c\x8d\n"},
          {"a bad byte", frame(fin, text, "ab\xff"), "1007 text is not UTF-8\n"},
          {"a bad byte in a second fragment",
           frame(more, text, "ab") + frame(fin, continuation, "\xff"), "1007 text is not UTF-8\n"},
          {"a character that never ends", frame(fin, text, "ab\xe4\xb8"),
           "1007 text is not UTF-8\n"},
          {"a character that never ends, in fragments",
           frame(more, text, "\xe4") + frame(fin, continuation, "\xb8"),
           "1007 text is not UTF-8\n"},
          {"a surrogate", frame(fin, text, "\xed\xa0\x80"), "1007 text is not UTF-8\n"},
          {"a bad byte fails before the next frame's fault",
           frame(more, text, "\xff") + with_first_byte(0x83, ""), "1007 text is not UTF-8\n"},
          {"binary is whatever it is", frame(fin, binary, "\xff\xfe"), "binary \xff\xfe\n"},
          {"binary in fragments too",
           frame(more, binary, "\xff") + frame(fin, continuation, "\xfe"), "binary \xff\xfe\n"},
      });
}

TEST(Endpoint, BadTextFailsAtItsFirstBadByteInTheMidstOfAFrame) {
  const std::string bytes = frame(fin, text, "good \xed\xa0\x80 and a long rest");
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    Endpoint endpoint(Role::server, limit);
    const bool bad_byte_is_there = size >= 6 + 5 + 2;
    EXPECT_EQ(transcript_of(endpoint, {bytes.substr(0, size)}),
              bad_byte_is_there ? "1007 text is not UTF-8\n" : "")
        << size;
  }
}

TEST(Endpoint, LimitsCountWholeMessages) {
  const std::string y200(200, 'y');
  expect_rows(
      Role::server,
      {
          {"a message of the limit", frame(fin, binary, x300 + y200),
           "binary " + x300 + y200 + "\n"},
          {"a limit counts all fragments", frame(more, text, x300) + frame(fin, continuation, x300),
           "1009 message too big\n"},
          {"fragments of exactly the limit",
           frame(more, text, x300) + frame(fin, continuation, y200), "text " + x300 + y200 + "\n"},
          {"each message has the whole limit", frame(fin, text, x300) + frame(fin, text, x300),
           "text " + x300 + "\ntext " + x300 + "\n"},
          {"a frame of one byte more", frame(fin, binary, std::string(501, 'x')),
           "1009 message too big\n"},
      });
}

TEST(Endpoint, AsAClientExpectsPlainFrames) {
  expect_rows(
      Role::client,
      {
          {"a text message", encode_frame(text, "hello"), "text hello\n"},
          {"a fragmented message",
           encode_frame(text, "hel", {.fin = false}) + encode_frame(continuation, "lo"),
           "text hello\n"},
          {"a close", encode_frame(close, close_payload(1001, "gone")), "close 1001 gone\n"},
          {"a masked frame", frame(fin, text, "hello"), "1002 server frame masked\n"},
      });
}

TEST(Endpoint, AWholeMessageIsAViewIntoTheInput) {
  for (const std::string& payload : {std::string("hello"), x300}) {
    std::string bytes = frame(fin, text, payload) + frame(fin, ping, "?");
    std::span<char> input(bytes);
    Endpoint endpoint(Role::server, limit);
    const Event event = endpoint.next(input, Time{});
    const auto* const message = std::get_if<MessageArrived>(&event);
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(message->payload, payload);
    EXPECT_EQ(message->payload.end(), std::string_view(bytes).end() - 7) << "a copy";
    EXPECT_EQ(endpoint.buffered_bytes(), 0U);
    const Event second = endpoint.next(input, Time{});
    ASSERT_TRUE(std::holds_alternative<PingArrived>(second));
    EXPECT_EQ(std::get<PingArrived>(second).payload.data(), &bytes.back());
    EXPECT_EQ(endpoint.buffered_bytes(), 0U);
  }
}

TEST(Endpoint, KeepsNothingBetweenMessages) {
  Endpoint endpoint(Role::server, limit);
  const std::string message = frame(more, text, x300) + frame(fin, continuation, "y");
  EXPECT_EQ(transcript_of(endpoint, {message.substr(0, 100)}), "");
  EXPECT_GT(endpoint.buffered_bytes(), 90U);
  EXPECT_EQ(transcript_of(endpoint, {message.substr(100)}), "text " + x300 + "y\n");
  EXPECT_EQ(endpoint.buffered_bytes(), 0U);
  const std::string half_ping = frame(fin, ping, "abcdef");
  EXPECT_EQ(transcript_of(endpoint, {half_ping.substr(0, 8)}), "");
  EXPECT_GT(endpoint.buffered_bytes(), 0U);
  EXPECT_EQ(transcript_of(endpoint, {half_ping.substr(8)}), "ping abcdef\n");
  EXPECT_EQ(endpoint.buffered_bytes(), 0U);
}

TEST(Endpoint, KeepsNothingAfterAFault) {
  Endpoint endpoint(Role::server, limit);
  EXPECT_EQ(transcript_of(endpoint, {frame(more, text, x300), with_first_byte(0x83, "")}),
            "1002 unknown opcode\n");
  EXPECT_EQ(endpoint.buffered_bytes(), 0U);
  EXPECT_EQ(endpoint.message_started(), std::nullopt);
}

// What messageTimeout counts from.
TEST(Endpoint, KnowsWhenTheUnfinishedMessageBegan) {
  const auto at = [](int ms) { return Time{milliseconds{ms}}; };
  Endpoint endpoint(Role::server, limit);
  const auto feed = [&](std::string bytes, int ms) {
    std::span<char> input(bytes);
    while (!std::holds_alternative<NeedMore>(endpoint.next(input, at(ms)))) {
    }
    return endpoint.message_started();
  };
  EXPECT_EQ(endpoint.message_started(), std::nullopt);
  EXPECT_EQ(feed("\x01", 1), at(1)) << "one byte of a head";
  EXPECT_EQ(feed(frame(more, text, "hel").substr(1), 2), at(1));
  EXPECT_EQ(feed(frame(fin, ping, "?"), 3), at(1)) << "a ping is no part of it";
  EXPECT_EQ(feed(frame(fin, continuation, "lo"), 4), std::nullopt);
  EXPECT_EQ(feed(frame(fin, text, "whole"), 5), std::nullopt);
  EXPECT_EQ(feed(frame(fin, ping, "half a ping").substr(0, 9), 6), at(6));
  EXPECT_EQ(feed(frame(fin, ping, "half a ping").substr(9), 7), std::nullopt);
  EXPECT_EQ(feed(frame(fin, text, "whole") + frame(fin, text, "half").substr(0, 8), 8), at(8));
}

TEST(Endpoint, StaysSmall) {
  EXPECT_LE(sizeof(Endpoint), 120U);
  EXPECT_LE(sizeof(Event), 32U);
}

// The rest of a message is put where it is kept, in pieces of this size.
std::string with_rest_in_place(Opcode opcode, const std::string& text, std::size_t first,
                               std::size_t piece) {
  std::string frame = encode_frame(opcode, text, {.mask = MaskKey{1, 2, 3, 4}});
  Endpoint endpoint(Role::server);
  std::span<char> input = std::span(frame).first(first);
  EXPECT_TRUE(std::holds_alternative<NeedMore>(endpoint.next(input, Time{})));
  std::size_t placed = 0;
  for (std::size_t at = first; at < frame.size();) {
    const std::span<char> place = endpoint.place_for_rest();
    const auto bytes = std::min({place.empty() ? piece : place.size(), piece, frame.size() - at});
    std::span<char> rest = std::span(frame).subspan(at, bytes);
    if (!place.empty()) {
      std::copy(rest.begin(), rest.end(), place.begin());
      rest = place.first(bytes);
      placed += bytes;
    }
    at += bytes;
    const Event event = endpoint.next(rest, Time{});
    EXPECT_TRUE(rest.empty());
    if (const auto* fault = std::get_if<Fault>(&event)) return fault->reason;
    const auto* message = std::get_if<MessageArrived>(&event);
    EXPECT_EQ(message != nullptr, at == frame.size());
    if (message) {
      EXPECT_GT(placed, 0U);
      EXPECT_TRUE(endpoint.place_for_rest().empty());
      return std::string(message->payload);
    }
  }
  return "nothing";
}

TEST(Endpoint, TheRestOfAMessageMayBePutWhereItIsKept) {
  std::string text;
  for (int i = 0; text.size() < 60'000; ++i) text += std::to_string(i) + " ";
  for (const Opcode opcode : {Opcode::text, Opcode::binary})
    for (const std::size_t first : {9U, 10U, 1000U, 30'001U, 50'000U})
      for (const std::size_t piece : {1000U, 4096U, 65'536U})
        EXPECT_EQ(with_rest_in_place(opcode, text, first, piece), text) << first << " " << piece;
  text[40'000] = static_cast<char>(0xff);
  EXPECT_EQ(with_rest_in_place(Opcode::text, text, 1000, 4096), "text is not UTF-8");
}

TEST(Endpoint, HasNoPlaceForWhatIsNoRestOfAPlainMessage) {
  const auto place_behind = [](const std::string& bytes) {
    std::string copy = bytes;
    std::span<char> input(copy);
    Endpoint endpoint(Role::server);
    (void)endpoint.next(input, Time{});
    return endpoint.place_for_rest().size();
  };
  const MaskKey key{1, 2, 3, 4};
  const std::string whole = encode_frame(Opcode::binary, std::string(20'000, 'x'), {.mask = key});
  EXPECT_EQ(place_behind(""), 0U);
  EXPECT_EQ(place_behind(whole), 0U);
  EXPECT_EQ(place_behind(whole.substr(0, 5)), 0U) << "in the head";
  EXPECT_EQ(place_behind(whole.substr(0, 100)), whole.size() - 100);
  EXPECT_EQ(place_behind(whole.substr(0, whole.size() - 100)), 0U) << "too little";
  const std::string begun = encode_frame(Opcode::text, "begun", {.fin = false, .mask = key});
  EXPECT_EQ(place_behind(begun), 0U) << "between fragments";
  EXPECT_EQ(place_behind(begun + encode_frame(Opcode::ping, "ping", {.mask = key}).substr(0, 8)),
            0U)
      << "in a control frame";
  std::string broken = whole.substr(0, 100);
  broken[0] = static_cast<char>(broken[0] | 0x70);
  EXPECT_EQ(place_behind(broken), 0U) << "after a fault";
}

}  // namespace
}  // namespace orrery::websocket
