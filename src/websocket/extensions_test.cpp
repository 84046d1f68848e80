#include "websocket/extensions.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "websocket/extension_list.h"

namespace orrery::websocket {
namespace {

std::string answer_to(std::string_view offers, const CompressionRules& rules = {}) {
  const auto negotiated = negotiate(offers, rules);
  return negotiated ? negotiated->response_value : "declined";
}

const CompressionRules dedicated{.mode = CompressionMode::dedicated};
const std::string alone =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

TEST(Negotiation, AnswersOffersOneByOne) {
  struct Row {
    const char* name;
    std::string offers;
    std::string answer;
  };
  const Row rows[] = {
      {"the plain offer", "permessage-deflate", "permessage-deflate"},
      {"what Chrome sends", "permessage-deflate; client_max_window_bits", "permessage-deflate"},
      {"spaces anywhere", "  permessage-deflate ;\tclient_max_window_bits = 10 ",
       "permessage-deflate; client_max_window_bits=10"},
      {"both sides forget",
       "permessage-deflate; client_no_context_takeover; server_no_context_takeover", alone},
      {"a window for the server", "permessage-deflate; server_max_window_bits=10",
       "permessage-deflate; server_max_window_bits=10"},
      {"the widest window is echoed", "permessage-deflate; server_max_window_bits=15",
       "permessage-deflate; server_max_window_bits=15"},
      {"a quoted value", "permessage-deflate; server_max_window_bits=\"10\"",
       "permessage-deflate; server_max_window_bits=10"},
      {"a quoted value with an escape", "permessage-deflate; server_max_window_bits=\"1\\0\"",
       "permessage-deflate; server_max_window_bits=10"},
      {"the first acceptable one wins",
       "permessage-deflate; server_max_window_bits=8, permessage-deflate; unknown, "
       "permessage-deflate; server_max_window_bits=11, permessage-deflate",
       "permessage-deflate; server_max_window_bits=11"},
      {"other extensions are passed over", "x-webkit-deflate-frame, permessage-deflate",
       "permessage-deflate"},
      {"empty elements are passed over", ",, ,permessage-deflate,", "permessage-deflate"},
      {"a broken element is passed over", "=;=, permessage-deflate", "permessage-deflate"},
      {"a comma in quotes is no comma", "x; y=\"a,permessage-deflate\"", "declined"},
      {"a quote that never ends", "x; y=\"a, permessage-deflate", "declined"},
      {"nothing", "", "declined"},
      {"another extension", "permessage-bzip2", "declined"},
      {"an unknown parameter", "permessage-deflate; level=9", "declined"},
      {"a repeated flag",
       "permessage-deflate; server_no_context_takeover; server_no_context_takeover", "declined"},
      {"a repeated window",
       "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", "declined"},
      {"a repeated window of the client",
       "permessage-deflate; client_max_window_bits; client_max_window_bits=10", "declined"},
      {"a flag with a value", "permessage-deflate; server_no_context_takeover=1", "declined"},
      {"a server window without a value", "permessage-deflate; server_max_window_bits", "declined"},
      {"a window of 256 bytes", "permessage-deflate; server_max_window_bits=8", "declined"},
      {"a leading zero", "permessage-deflate; server_max_window_bits=010", "declined"},
      {"a sign", "permessage-deflate; server_max_window_bits=+10", "declined"},
      {"an empty value", "permessage-deflate; server_max_window_bits=", "declined"},
      {"an empty quoted value", "permessage-deflate; server_max_window_bits=\"\"", "declined"},
      {"a quoted value that is no token", "permessage-deflate; server_max_window_bits=\"1 0\"",
       "declined"},
      {"a number too long", "permessage-deflate; client_max_window_bits=99999999999999999999",
       "declined"},
      {"an empty parameter", "permessage-deflate; ; client_max_window_bits", "declined"},
      {"a semicolon at the end", "permessage-deflate;", "declined"},
      {"rubbish behind it", "permessage-deflate; client_max_window_bits x", "declined"},
  };
  for (const auto& row : rows) EXPECT_EQ(answer_to(row.offers, dedicated), row.answer) << row.name;
}

// Attack 4.
TEST(Negotiation, WindowsAreFrom9To15) {
  for (int bits = 0; bits < 100; ++bits) {
    const std::string n = std::to_string(bits);
    const bool server_sound = bits >= 9 && bits <= 15;
    EXPECT_EQ(answer_to("permessage-deflate; server_max_window_bits=" + n, dedicated),
              server_sound ? "permessage-deflate; server_max_window_bits=" + n : "declined");
    const bool client_sound = bits >= 8 && bits <= 15;
    EXPECT_EQ(answer_to("permessage-deflate; client_max_window_bits=" + n, dedicated),
              client_sound ? "permessage-deflate; client_max_window_bits=" + n : "declined");
  }
}

TEST(Negotiation, SharedModeKeepsNoContext) {
  EXPECT_EQ(answer_to("permessage-deflate"), alone);
  EXPECT_EQ(answer_to("permessage-deflate; client_max_window_bits"), alone);
}

TEST(Negotiation, OurOwnWindowsAreSaidWhereTheyMayBe) {
  const CompressionRules narrow{CompressionMode::dedicated, 11, 10};
  EXPECT_EQ(answer_to("permessage-deflate", narrow),
            "permessage-deflate; server_max_window_bits=11");
  EXPECT_EQ(answer_to("permessage-deflate; client_max_window_bits", narrow),
            "permessage-deflate; server_max_window_bits=11; client_max_window_bits=10");
  EXPECT_EQ(
      answer_to("permessage-deflate; client_max_window_bits=9; server_max_window_bits=9", narrow),
      "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9");
  const auto unasked = negotiate("permessage-deflate", narrow);
  ASSERT_TRUE(unasked);
  EXPECT_EQ(unasked->params.client_max_window_bits, 15) << "the client wasn't told of less";
}

TEST(Negotiation, ReadsAllHeadersInOrder) {
  http::Headers headers;
  headers.add("Sec-WebSocket-Extensions", "permessage-deflate; nonsense");
  headers.add("sec-websocket-extensions", "permessage-deflate; server_max_window_bits=12");
  const auto negotiated = negotiate(headers, dedicated);
  ASSERT_TRUE(negotiated);
  EXPECT_EQ(negotiated->params.server_max_window_bits, 12);
}

// Attack 11: 16 KB of anything costs one pass.
TEST(Negotiation, HostileHeadersAreReadOnce) {
  for (const std::string& unit :
       {std::string("\""), std::string("\\"), std::string(";"), std::string(","), std::string("a;"),
        std::string("=\""), std::string("permessage-deflate;")}) {
    std::string value;
    while (value.size() < 16 * 1024) value += unit;
    std::size_t params = 0;
    for (const auto& extension : parse_extensions(value)) params += 1 + extension.params.size();
    EXPECT_LE(params, value.size()) << unit;
    EXPECT_EQ(answer_to(value), "declined") << unit;
  }
}

std::string client_reads(std::string_view answer, const DeflateParams& offered = {}) {
  http::Headers headers;
  if (!answer.empty()) headers.add("Sec-WebSocket-Extensions", answer);
  const auto result = read_answer(headers, offered);
  if (!result) return "refused";
  if (!*result) return "none";
  const DeflateParams& params = **result;
  return std::string(params.server_no_context_takeover ? "s" : "-") +
         (params.client_no_context_takeover ? "c" : "-") +
         std::to_string(params.server_max_window_bits) + "/" +
         std::to_string(params.client_max_window_bits);
}

TEST(ClientNegotiation, ReadsTheAnswer) {
  EXPECT_EQ(client_reads(""), "none");
  EXPECT_EQ(client_reads("permessage-deflate"), "--15/15");
  EXPECT_EQ(client_reads(alone), "sc15/15");
  EXPECT_EQ(client_reads("permessage-deflate; server_max_window_bits=9; client_max_window_bits=8"),
            "--9/8");
  EXPECT_EQ(client_reads("permessage-deflate; client_max_window_bits"), "refused");
  EXPECT_EQ(client_reads("permessage-deflate; server_max_window_bits=16"), "refused");
  EXPECT_EQ(client_reads("permessage-deflate, permessage-deflate"), "refused");
  EXPECT_EQ(client_reads("permessage-bzip2"), "refused");
  const DeflateParams strict{.server_no_context_takeover = true, .server_max_window_bits = 10};
  EXPECT_EQ(client_reads("permessage-deflate", strict), "refused");
  EXPECT_EQ(client_reads("permessage-deflate; server_no_context_takeover", strict), "refused");
  EXPECT_EQ(
      client_reads("permessage-deflate; server_no_context_takeover; server_max_window_bits=10",
                   strict),
      "s-10/15");
}

TEST(ClientNegotiation, WhatWeOfferWeAnswer) {
  for (const bool server_forgets : {false, true})
    for (const bool client_forgets : {false, true})
      for (int server_bits = 9; server_bits <= 15; ++server_bits)
        for (int client_bits = 9; client_bits <= 15; ++client_bits) {
          const DeflateParams offered{server_forgets, client_forgets, server_bits, client_bits};
          const auto negotiated = negotiate(offer_value(offered), dedicated);
          ASSERT_TRUE(negotiated);
          EXPECT_EQ(negotiated->params, offered);
          http::Headers headers;
          headers.add("Sec-WebSocket-Extensions", negotiated->response_value);
          const auto read = read_answer(headers, offered);
          ASSERT_TRUE(read.ok()) << read.error();
          EXPECT_EQ(**read, offered);
        }
}

}  // namespace
}  // namespace orrery::websocket
