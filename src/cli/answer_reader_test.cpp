#include "cli/answer_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "cli/frame_press.h"
#include "websocket/encoder.h"
#include "websocket/transcript.h"

namespace orrery::cli {
namespace {

using websocket::encode_frame;
using websocket::Opcode;
using websocket::Pieces;

constexpr std::uint32_t sender = 3;

// What came of the pieces, in a line.
std::string read(const Payload& payload, const Pieces& pieces,
                 std::unique_ptr<websocket::Deflate> deflate = nullptr) {
  AnswerReader reader(payload, sender, std::move(deflate));
  std::uint64_t messages = 0;
  std::string rest;
  for (std::string piece : pieces) {
    const Reading reading = reader.read(piece);
    messages += reading.messages;
    if (reading.pinged) rest += " ping:" + reading.pings;
    if (reading.closed) rest += fmt::format(" close:{}:{}", *reading.closed, reading.reason);
    if (reading.wrong) return fmt::format("{}{} wrong", messages, rest);
    if (reading.closed) break;
  }
  return fmt::format("{}{}", messages, rest);
}

std::string message(const Payload& payload, std::uint64_t number) {
  return payload.with(Payload::tag(sender, number));
}

TEST(AnswerReader, CountsAndChecksHoweverTheBytesAreCut) {
  const Payload payload(Opcode::text, 40);
  const auto first = message(payload, 0), second = message(payload, 1);
  const auto part = [&](std::size_t begin, std::size_t end) {
    return std::string_view(first).substr(begin, end - begin);
  };
  struct Row {
    const char* name;
    std::string bytes, result;
  };
  const Row rows[] = {
      {"two echoes", encode_frame(Opcode::text, first) + encode_frame(Opcode::text, second), "2"},
      {"one in fragments, a ping between them",
       encode_frame(Opcode::text, part(0, 10), {.fin = false}) + encode_frame(Opcode::ping, "p") +
           encode_frame(Opcode::continuation, part(10, 25), {.fin = false}) +
           encode_frame(Opcode::continuation, part(25, 40)),
       "1 ping:p"},
      {"an empty last fragment",
       encode_frame(Opcode::text, first, {.fin = false}) + encode_frame(Opcode::continuation, ""),
       "1"},
      {"a pong is passed over", encode_frame(Opcode::pong, "x") + encode_frame(Opcode::text, first),
       "1"},
      {"a close",
       encode_frame(Opcode::text, first) +
           encode_frame(Opcode::close, websocket::close_payload(1001, "bye")),
       "1 close:1001:bye"},
      {"a close without a code", encode_frame(Opcode::close, ""), "0 close:0:"},
      {"the second before the first", encode_frame(Opcode::text, second), "0 wrong"},
      {"the first twice", encode_frame(Opcode::text, first) + encode_frame(Opcode::text, first),
       "1 wrong"},
      {"somebody else's", encode_frame(Opcode::text, payload.with(Payload::tag(4, 0))), "0 wrong"},
      {"binary for text", encode_frame(Opcode::binary, first), "0 wrong"},
      {"one too short", encode_frame(Opcode::text, part(0, 39)), "0 wrong"},
      {"one too long", encode_frame(Opcode::text, first + "x"), "0 wrong"},
      {"a changed last byte of the first", encode_frame(Opcode::text, first.substr(0, 39) + "\x01"),
       "0 wrong"},
      {"a masked frame",
       encode_frame(Opcode::text, first, {.mask = websocket::MaskKey{1, 2, 3, 4}}), "0 wrong"},
      {"a compressed frame", encode_frame(Opcode::text, first, {.compressed = true}), "0 wrong"},
  };
  for (const auto& row : rows)
    for (const auto& cut : websocket::every_cut(row.bytes))
      EXPECT_EQ(read(payload, cut), row.result) << row.name;
}

TEST(AnswerReader, ChecksMessagesWithoutRoomForATag) {
  for (const std::size_t bytes : {0u, 1u, 7u, 16u, 17u, 126u}) {
    const Payload payload(Opcode::binary, bytes);
    std::string frames;
    for (int i = 0; i < 3; ++i) frames += encode_frame(Opcode::binary, message(payload, i));
    EXPECT_EQ(read(payload, {frames}), "3") << bytes;
  }
}

class DeflateCase : public testing::Test {
 protected:
  std::unique_ptr<websocket::Deflate> client() {
    return std::make_unique<websocket::Deflate>(engine, websocket::Role::client,
                                                websocket::DeflateParams{});
  }
  websocket::DeflateEngine engine{};
};

TEST_F(DeflateCase, ChecksCompressedAnswers) {
  const Payload payload(Opcode::text, 300);
  const auto answer = [&](std::uint64_t number) {
    const auto text = payload.with(Payload::variant_tag(number));
    return encode_frame(Opcode::text, engine.compress(text), {.compressed = true});
  };
  EXPECT_EQ(read(payload, {answer(0) + answer(1)}, client()), "2");
  EXPECT_EQ(read(payload, {answer(1)}, client()), "1 wrong");
  const auto plain = encode_frame(Opcode::text, payload.with(Payload::variant_tag(0)));
  EXPECT_EQ(read(payload, {plain}, client()), "1") << "a server need not compress every message";
}

// Reads frames as a server would.
std::string heard_by_server(std::string_view frames, websocket::DeflateEngine* engine = nullptr) {
  std::unique_ptr<websocket::Deflate> deflate;
  if (engine)
    deflate = std::make_unique<websocket::Deflate>(*engine, websocket::Role::server,
                                                   websocket::DeflateParams{});
  websocket::Endpoint server(websocket::Role::server, 1 << 20, std::move(deflate));
  return websocket::transcript_of(server, {std::string(frames)});
}

TEST(FramePress, MakesTheFramesOfEveryMessage) {
  for (const std::size_t bytes : {0u, 5u, 16u, 64u, 125u, 126u, 70'000u}) {
    const Payload payload(Opcode::text, bytes);
    SeededRandom random(1);
    FramePress press(payload, random);
    // Again and again from the same memory: each time another mask, another tag.
    for (std::uint64_t number = 0; number < 6; number += 2) {
      const std::size_t count = std::min<std::size_t>(press.most(), 2);
      std::string wanted;
      for (std::size_t i = 0; i < count; ++i)
        wanted += "text " + message(payload, number + i) + "\n";
      EXPECT_EQ(heard_by_server(press.press(sender, number, count)), wanted) << bytes;
    }
  }
}

TEST(FramePress, GivesNoMoreThanItHasRoomFor) {
  const Payload payload(Opcode::binary, 100'000);
  SeededRandom random(1);
  FramePress press(payload, random);
  EXPECT_EQ(press.most(), 2u);
  EXPECT_EQ(press.press(sender, 0, 100).size(), 2 * (100'000 + 14));
}

TEST(FramePress, NeverMasksTwoFramesAlike) {
  const Payload payload(Opcode::binary, 20);
  SeededRandom random(1);
  FramePress press(payload, random);
  std::set<std::string> masks;
  for (std::uint64_t number = 0; number < 2000; number += 10) {
    const std::string frames(press.press(sender, number, 10));
    for (std::size_t i = 0; i < 10; ++i) masks.insert(frames.substr(i * 26 + 2, 4));
  }
  EXPECT_EQ(masks.size(), 2000u);
}

TEST(FramePress, CompressesAFewMessagesOnceAndForAll) {
  const Payload payload(Opcode::text, 1000);
  SeededRandom random(1);
  websocket::DeflateEngine engine;
  FramePress press(payload, random, &engine);
  const std::string frames(press.press(sender, 15, 2));
  EXPECT_LT(frames.size(), 1200u) << "words compress";
  EXPECT_EQ(heard_by_server(frames, &engine), "text " + payload.with(Payload::variant_tag(15)) +
                                                  "\ntext " +
                                                  payload.with(Payload::variant_tag(0)) + "\n");
  EXPECT_EQ(heard_by_server(press.frame(Opcode::pong, "x")), "pong x\n");
}

}  // namespace
}  // namespace orrery::cli
