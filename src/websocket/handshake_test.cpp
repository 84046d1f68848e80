#include "websocket/handshake.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "websocket/secure_random.h"

namespace orrery::websocket {
namespace {

constexpr std::string_view sample_key = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 §1.3
constexpr std::string_view sample_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

const Pairs sound = {{"Host", "example.com"},
                     {"Upgrade", "websocket"},
                     {"Connection", "Upgrade"},
                     {"Sec-WebSocket-Key", sample_key},
                     {"Sec-WebSocket-Version", "13"}};

Pairs without(std::string_view name) {
  Pairs pairs = sound;
  std::erase_if(pairs, [&](const auto& pair) { return pair.first == name; });
  return pairs;
}

Pairs with(std::string_view name, std::string_view value) {
  Pairs pairs = without(name);
  pairs.emplace_back(name, value);
  return pairs;
}

Pairs and_also(Pairs pairs, std::string_view name, std::string_view value) {
  pairs.emplace_back(name, value);
  return pairs;
}

http::RequestHead request(const Pairs& pairs, std::string_view method = "GET", int minor = 1) {
  http::RequestHead head{.method = method, .target = "/", .minor_version = minor, .headers = {}};
  for (const auto& [name, value] : pairs) head.headers.add(name, value);
  return head;
}

// "101 accept", or the status and the headers that matter.
std::string answer(const http::RequestHead& head, bool has_body = false) {
  const auto result = check_upgrade(head, has_body);
  if (const auto* upgrade = std::get_if<Upgrade>(&result)) return "101 " + upgrade->accept;
  const auto& refusal = std::get<Refusal>(result);
  std::string text = std::to_string(refusal.status);
  for (const auto& [name, value] : refusal.headers) text += " " + name + ":" + value;
  return text;
}

const std::string accepted = "101 " + std::string(sample_accept);
const std::string not_an_upgrade =
    "426 Upgrade:websocket Sec-WebSocket-Version:13 Connection:Upgrade";
const std::string wrong_version = "426 Upgrade:websocket Sec-WebSocket-Version:13";

TEST(Handshake, AnswersEachRowOfTheTable) {
  struct Row {
    const char* name;
    Pairs headers;
    std::string answer;
  };
  const Row rows[] = {
      {"a sound request", sound, accepted},
      {"token lists in any case",
       and_also(with("Connection", "keep-alive, UPGRADE"), "Upgrade", "h2c"), accepted},
      {"two Connection headers", and_also(sound, "Connection", "keep-alive"), accepted},
      {"an upgrade list", with("Upgrade", "h2c, WebSocket"), accepted},
      {"header names in any case",
       and_also(without("Sec-WebSocket-Key"), "sec-websocket-key", sample_key), accepted},
      {"no Upgrade", without("Upgrade"), not_an_upgrade},
      {"another Upgrade", with("Upgrade", "h2c"), not_an_upgrade},
      {"websocket with a version is another token", with("Upgrade", "websocket/13"),
       not_an_upgrade},
      {"no Connection", without("Connection"), not_an_upgrade},
      {"a Connection that only keeps alive", with("Connection", "keep-alive"), not_an_upgrade},
      {"no key", without("Sec-WebSocket-Key"), "400"},
      {"two keys", and_also(sound, "Sec-WebSocket-Key", sample_key), "400"},
      {"an empty key", with("Sec-WebSocket-Key", ""), "400"},
      {"a key of 15 bytes", with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j"), "400"},
      {"a key of 17 bytes", with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZXg="), "400"},
      {"a key of 18 bytes", with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZXh4"), "400"},
      {"a key that is not base64", with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub2!jZQ=="), "400"},
      {"a key in base64url", with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub2-_ZQ=="), "400"},
      {"a key with padding inside", with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25=ZQ=="), "400"},
      {"no version", without("Sec-WebSocket-Version"), wrong_version},
      {"version 8", with("Sec-WebSocket-Version", "8"), wrong_version},
      {"version 14", with("Sec-WebSocket-Version", "14"), wrong_version},
      {"version 013", with("Sec-WebSocket-Version", "013"), wrong_version},
      {"versions 8 and 13", and_also(sound, "Sec-WebSocket-Version", "8"), wrong_version},
      {"the key is looked at before the version",
       and_also(without("Sec-WebSocket-Key"), "Sec-WebSocket-Version", "8"), "400"},
  };
  for (const auto& row : rows) EXPECT_EQ(answer(request(row.headers)), row.answer) << row.name;
}

TEST(Handshake, NeedsAGetInHttp11WithoutABody) {
  EXPECT_EQ(answer(request(sound, "GET", 0)), "400");
  EXPECT_EQ(answer(request(without("Upgrade"), "GET", 0)), not_an_upgrade);
  EXPECT_EQ(answer(request(sound), true), "400");
  EXPECT_EQ(answer(request(sound, "POST")), "405 Allow:GET");
  EXPECT_EQ(answer(request(sound, "get")), "405 Allow:GET");
}

std::vector<std::string_view> protocols_of(const http::RequestHead& head) {
  return std::get<Upgrade>(check_upgrade(head, false)).offered_protocols;
}

TEST(Handshake, ListsTheOfferedSubprotocolsInOrder) {
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(protocols_of(request(sound)), Names{});
  EXPECT_EQ(protocols_of(request(and_also(sound, "Sec-WebSocket-Protocol", "feed.v2, feed.v1"))),
            (Names{"feed.v2", "feed.v1"}));
  const Pairs two = and_also(and_also(sound, "Sec-WebSocket-Protocol", "b ,\ta"),
                             "sec-websocket-protocol", "c,a");
  EXPECT_EQ(protocols_of(request(two)), (Names{"b", "a", "c"}));
  EXPECT_EQ(protocols_of(request(and_also(sound, "Sec-WebSocket-Protocol", ",,bad name,a\"b, ok"))),
            (Names{"ok"}));
}

TEST(Handshake, NegotiatesCompressionOnlyWhereItIsOn) {
  const auto head = request(and_also(sound, "Sec-WebSocket-Extensions", "permessage-deflate"));
  EXPECT_FALSE(std::get<Upgrade>(check_upgrade(head, false)).compression);
  EXPECT_TRUE(std::get<Upgrade>(check_upgrade(head, false, CompressionRules{})).compression);
  const auto bad = request(and_also(sound, "Sec-WebSocket-Extensions", "permessage-deflate; \x01"));
  EXPECT_FALSE(std::get<Upgrade>(check_upgrade(bad, false, CompressionRules{})).compression);
}

TEST(Handshake, AcceptsTheKeyOfTheRfc) {
  EXPECT_EQ(accept_key(sample_key), sample_accept);
}

TEST(Handshake, TheAcceptanceSaysWhatWasAgreedOn) {
  Upgrade upgrade{.accept = std::string(sample_accept), .offered_protocols = {}, .compression = {}};
  const std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      std::string(sample_accept) + "\r\n";
  EXPECT_EQ(acceptance(upgrade, ""), head);
  upgrade.compression.emplace().response_value = "permessage-deflate; server_no_context_takeover";
  EXPECT_EQ(acceptance(upgrade, "v2"),
            head +
                "Sec-WebSocket-Protocol: v2\r\n"
                "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n");
}

TEST(Handshake, OurKeysAreSoundAndFresh) {
  SecureRandom random;
  const std::string key = make_key(random);
  EXPECT_NE(make_key(random), key);
  EXPECT_EQ(answer(request(with("Sec-WebSocket-Key", key))), "101 " + accept_key(key));
}

std::string client_says(int status, const Pairs& pairs, const Asked& asked) {
  http::ResponseHead head{.status = status, .reason = "", .minor_version = 1, .headers = {}};
  for (const auto& [name, value] : pairs) head.headers.add(name, value);
  const auto result = check_response(head, asked);
  if (!result) return result.error();
  return "agreed on '" + result->protocol + "'" + (result->compression ? " compressed" : "");
}

TEST(ClientHandshake, HoldsTheAnswerAgainstTheQuestion) {
  const Asked plain{.key = std::string(sample_key)};
  const Asked rich{
      .key = std::string(sample_key), .protocols = {"a", "b"}, .compression = DeflateParams{}};
  const Pairs good = {
      {"Upgrade", "WebSocket"}, {"Connection", "upgrade"}, {"Sec-WebSocket-Accept", sample_accept}};
  const auto plus = [&](std::string_view name, std::string_view value) {
    return and_also(good, name, value);
  };
  EXPECT_EQ(client_says(101, good, plain), "agreed on ''");
  EXPECT_EQ(client_says(101, good, rich), "agreed on ''");
  EXPECT_EQ(client_says(101, plus("Sec-WebSocket-Protocol", "b"), rich), "agreed on 'b'");
  EXPECT_EQ(client_says(101, plus("Sec-WebSocket-Extensions", "permessage-deflate"), rich),
            "agreed on '' compressed");
  EXPECT_EQ(client_says(200, good, plain), "the server answered 200 instead of 101");
  EXPECT_EQ(client_says(101, {good[1], good[2]}, plain), "the answer lacks Upgrade: websocket");
  EXPECT_EQ(client_says(101, {good[0], good[2]}, plain), "the answer lacks Connection: Upgrade");
  const std::string bad_accept = "the answer's Sec-WebSocket-Accept is not that of the key";
  EXPECT_EQ(client_says(101, {good[0], good[1]}, plain), bad_accept);
  EXPECT_EQ(client_says(101, {good[0], good[1], {"Sec-WebSocket-Accept", sample_key}}, plain),
            bad_accept);
  const std::string bad_protocol = "the server chose a subprotocol that was not offered";
  EXPECT_EQ(client_says(101, plus("Sec-WebSocket-Protocol", "c"), rich), bad_protocol);
  EXPECT_EQ(client_says(101, plus("Sec-WebSocket-Protocol", "a"), plain), bad_protocol);
  EXPECT_EQ(client_says(101, plus("Sec-WebSocket-Protocol", ""), plain), bad_protocol);
  const std::string bad_extension = "the server chose an extension that was not offered";
  EXPECT_EQ(client_says(101, plus("Sec-WebSocket-Extensions", "permessage-deflate"), plain),
            bad_extension);
  EXPECT_EQ(client_says(101, plus("Sec-WebSocket-Extensions", "x-other"), rich),
            "the server chose an extension or parameter that was not offered");
}

}  // namespace
}  // namespace orrery::websocket
