// What a route says about compression, in the answers to handshakes and in bytes on the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::end_of_head;
using server::handshake;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using testing::HasSubstr;
using testing::Not;

const std::string offer =
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

void echo(Session& client, Message message) {
  client.send(message);
}

std::string answer_to(WireServer& server, std::string_view path, const std::string& headers) {
  WireClient client(server);
  client.sends(handshake(path, headers));
  return client.hears();
}

// What comes back for a text, head included.
std::size_t bytes_for(WireServer& server, std::string_view path, std::string_view text) {
  WireClient client(server);
  client.opens(path, offer);
  client.sends(text_frame(text));
  return client.hears().size();
}

TEST(ARoutesCompression, HasAWindowOfItsOwnInDedicatedMode) {
  ServerOptions options;
  options.limits.compression = Compression::dedicated;
  options.limits.compression_window_bits = 12;
  WireServer server(
      [](Router& routes) {
        routes.websocket("/file", echo);
        routes.websocket("/narrow", echo).limits({.compression_window_bits = 9});
        routes.websocket("/shared", echo).limits({.compression = Compression::shared});
      },
      options);
  EXPECT_THAT(answer_to(server, "/file", offer),
              HasSubstr("server_max_window_bits=12; client_max_window_bits=12\r\n"));
  EXPECT_THAT(answer_to(server, "/narrow", offer),
              HasSubstr("server_max_window_bits=9; client_max_window_bits=9\r\n"));
  EXPECT_THAT(answer_to(server, "/shared", offer), Not(HasSubstr("window_bits")))
      << "the loop's compressor has one window for all";
}

TEST(ARoutesCompression, LooksNoFurtherBackThanItsWindow) {
  WireServer server([](Router& routes) {
    for (const int bits : {9, 15})
      routes.websocket("/" + std::to_string(bits), echo)
          .limits({.compression = Compression::dedicated, .compression_window_bits = bits});
  });
  SeededRandom random(3);
  std::string noise(4000, '\0');
  random.fill(noise);
  for (char& byte : noise) byte = static_cast<char>('0' + (static_cast<unsigned char>(byte) & 63));
  const std::string twice = noise + noise;
  EXPECT_GT(bytes_for(server, "/9", twice), bytes_for(server, "/15", twice) * 3 / 2);
}

TEST(ARoutesCompression, TakesTheMemoryThatItIsGiven) {
  WireServer server([](Router& routes) {
    for (const int level : {1, 9})
      routes.websocket("/" + std::to_string(level), echo)
          .limits({.compression = Compression::dedicated, .compression_memory_level = level});
  });
  std::string words;
  for (int i = 0; i < 5000; ++i) words += "word " + std::to_string(i * 7919 % 5003) + "; ";
  EXPECT_GT(bytes_for(server, "/1", words), bytes_for(server, "/9", words));
}

TEST(ARoutesCompression, LeavesOutClientsThatAreKnownToDoItBadly) {
  ServerOptions options;
  options.limits.compression = Compression::shared;
  options.limits.compression_except = {"OldPhone/", "curl"};
  WireServer server(
      [](Router& routes) {
        routes.websocket("/", echo);
        routes.websocket("/everybody", echo)
            .limits({.compression_except = std::vector<std::string>{}});
      },
      options);
  const std::string old_phone = offer + "User-Agent: Mozilla/5.0 OldPhone/3\r\n";
  EXPECT_THAT(answer_to(server, "/", offer), HasSubstr("permessage-deflate"));
  EXPECT_THAT(answer_to(server, "/", offer + "User-Agent: OldPhone 3\r\n"),
              HasSubstr("permessage-deflate"));
  EXPECT_THAT(answer_to(server, "/", old_phone), Not(HasSubstr("permessage-deflate")));
  EXPECT_TRUE(answer_to(server, "/", old_phone).starts_with("HTTP/1.1 101"));
  EXPECT_THAT(answer_to(server, "/everybody", old_phone), HasSubstr("permessage-deflate"));
}

TEST(ARoutesCompression, IsRefusedWithItsPlaceWhereNoCompressorCanDoIt) {
  struct Row {
    RouteLimits limits;
    const char* why;
  };
  const Row rows[] = {
      {{.compression_window_bits = 8}, "route /x: compression_window_bits is from 9 to 15, not 8"},
      {{.compression_window_bits = 16}, "is from 9 to 15, not 16"},
      {{.compression_memory_level = 0}, "compression_memory_level is from 1 to 9, not 0"},
      {{.compression_memory_level = 10}, "is from 1 to 9, not 10"},
  };
  for (const Row& row : rows) {
    Router routes;
    routes.websocket("/x", echo).limits(row.limits);
    const auto table = server::RouteTable::build(routes, ServerOptions{});
    ASSERT_FALSE(table);
    EXPECT_THAT(table.error(), HasSubstr(row.why));
  }
}

}  // namespace
}  // namespace orrery
