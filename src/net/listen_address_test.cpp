#include "net/listen_address.h"

#include <gtest/gtest.h>

namespace orrery::net {
namespace {

TEST(ListenAddress, ReadsWhatItWrites) {
  for (const std::string text : {"0.0.0.0:7512", "127.0.0.1:0", "[::1]:65535", "[::]:80", "*:7512",
                                 "localhost:1", "unix:/run/x.sock", "unix:relative", "fd:3"}) {
    const auto address = parse_listen_address(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->text(), text);
  }
}

TEST(ListenAddress, HasParts) {
  const auto tcp = parse_listen_address("[::1]:7512");
  EXPECT_EQ(tcp->host, "::1");
  EXPECT_EQ(tcp->port, 7512);
  EXPECT_FALSE(tcp->is_unix());
  EXPECT_EQ(parse_listen_address("unix:/run/x.sock")->unix_path, "/run/x.sock");
  EXPECT_EQ(parse_listen_address("fd:17")->descriptor, 17);
}

TEST(ListenAddress, RefusesWithASentence) {
  const struct {
    const char* text;
    const char* why;
  } rows[] = {
      {"", "the port is missing"},       {"localhost", "the port is missing"},
      {"1.2.3.4:", "not a number"},      {"1.2.3.4:http", "not a number"},
      {"1.2.3.4:65536", "not a number"}, {"1.2.3.4:-1", "not a number"},
      {"1.2.3.4:80x", "not a number"},   {"::1:80", "stands in brackets"},
      {":80", "the host is missing"},    {"[]:80", "the host is missing"},
      {"unix:", "the path is missing"},  {"fd:", "the descriptor is not a number"},
      {"fd:-1", "not a number"},         {"fd:3x", "not a number"},
  };
  for (const auto& row : rows) {
    const auto address = parse_listen_address(row.text);
    ASSERT_FALSE(address.ok()) << row.text;
    EXPECT_NE(address.error().find(row.why), std::string::npos) << address.error();
  }
}

}  // namespace
}  // namespace orrery::net
