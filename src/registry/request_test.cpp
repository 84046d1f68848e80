#include "registry/request.h"

#include <gtest/gtest.h>

#include <random>

namespace orrery::registry {
namespace {

const Request requests[] = {
    SendToName{{"gear:chat", "captain"}, MessageType::binary, std::string("\0\xff", 2)},
    SendToName{{"", ""}, MessageType::text, ""},
    YieldName{{"gear:chat", "captain"}, {~std::uint64_t{0}, 1}},
};

TEST(Request, ArrivesAsItWasSent) {
  for (const Request& request : requests) EXPECT_EQ(decode_request(encode(request)), request);
}

TEST(Request, IsRefusedWhenAnythingIsMissingOrTooMuch) {
  for (const Request& request : requests) {
    const std::string bytes = encode(request);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
      EXPECT_EQ(decode_request(bytes.substr(0, cut)), std::nullopt) << cut;
    EXPECT_EQ(decode_request(bytes + "x"), std::nullopt);
  }
}

TEST(Request, LengthsBeyondTheBytesAreRefused) {
  EXPECT_EQ(decode_request("S" + std::string(8, '\xff') + "abc"), std::nullopt);
}

TEST(Request, NoiseIsRefusedOrReadButNeverOverrun) {
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = encode(requests[random() % 3]);
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto request = decode_request(bytes);
    EXPECT_TRUE(!request || encode(*request) == bytes);
  }
}

TEST(Request, AnswersComeBackAndNonsenseIsUnavailable) {
  for (const auto answer :
       {NamePosted::queued, NamePosted::full, NamePosted::no_such_name, NamePosted::unavailable})
    EXPECT_EQ(decode_answer(encode(answer)), answer);
  for (const char* nonsense : {"", "x", "qq"})
    EXPECT_EQ(decode_answer(nonsense), NamePosted::unavailable);
}

}  // namespace
}  // namespace orrery::registry
