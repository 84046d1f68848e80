#include "http/url.h"

#include <gtest/gtest.h>

#include "http/head.h"

namespace orrery::http {
namespace {

TEST(Url, SplitsTargets) {
  const struct {
    const char* name;
    const char* target;
    const char* expected;  // "authority raw_path path query", or "nothing"
  } rows[] = {
      {"a path", "/a/b", " /a/b /a/b "},
      {"a path and a query", "/a?b=/c?d", " /a /a b=/c?d"},
      {"an empty query", "/a?", " /a /a "},
      {"escapes are decoded", "/caf%C3%A9/%61", " /caf%C3%A9/%61 /caf\xc3\xa9/a "},
      {"an escaped slash is no border", "/a%2Fb%2fc", " /a%2Fb%2fc /a%2Fb%2Fc "},
      {"an escaped percent sign", "/100%25", " /100%25 /100% "},
      {"an escaped escape stays decoded once", "/%252F", " /%252F /%2F "},
      {"plus is plus in a path", "/a+b", " /a+b /a+b "},
      {"what browsers leave alone", "/a|b{c}^[d]", " /a|b{c}^[d] /a|b{c}^[d] "},
      {"a query is not decoded here", "/?%zz", " / / %zz"},
      {"absolute form", "http://h:8080/a?b", "h:8080 /a /a b"},
      {"absolute form without a path", "HTTPS://h?b", "h / / b"},
      {"asterisk form", "*", " * * "},
      {"an escape that is cut off", "/a%2", "nothing"},
      {"an escape that is none", "/%gg", "nothing"},
      {"an escaped NUL", "/a%00b", "nothing"},
      {"a percent sign before an escaped slash", "/%%2F", "nothing"},
      {"no path", "", "nothing"},
      {"a relative path", "a/b", "nothing"},
      {"authority form", "h:443", "nothing"},
      {"another scheme", "file:///etc/passwd", "nothing"},
      {"no host", "http:///a", "nothing"},
      {"a user in the host", "http://u:p@h/a", "nothing"},
  };
  for (const auto& row : rows) {
    const auto target = split_target(row.target);
    const auto text =
        !target ? "nothing"
                : std::string(target->authority) + " " + std::string(target->raw_path) + " " +
                      *decode_path(target->raw_path) + " " + std::string(target->query);
    EXPECT_EQ(text, row.expected) << row.name;
  }
}

TEST(Url, FindsQueryParameters) {
  EXPECT_EQ(query_param("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(query_param("a=1&b=2", "b"), "2");
  EXPECT_EQ(query_param("a+b=c+d%2Be", "a b"), "c d+e");
  EXPECT_EQ(query_param("flag", "flag"), "");
  EXPECT_EQ(query_param("flag&x=1", "flag"), "");
  EXPECT_EQ(query_param("a=b=c", "a"), "b=c");
  EXPECT_EQ(query_param("%61=1", "a"), "1");
  EXPECT_EQ(query_param("&&&a=1&", "a"), "1");
  EXPECT_EQ(query_param("ab=1", "a"), std::nullopt);
  EXPECT_EQ(query_param("", "a"), std::nullopt);
  EXPECT_EQ(query_param("a=%zz", "a"), std::nullopt);
  EXPECT_EQ(query_param("%zz=1&a=2", "a"), "2");
}

TEST(Url, EncodesWhatItDecodes) {
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
  const auto encoded = percent_encode(every_byte);
  EXPECT_EQ(percent_decode(encoded), every_byte);
  EXPECT_EQ(percent_encode("a b/c%~_-."), "a%20b%2Fc%25~_-.");
}

TEST(Url, ReadsCookies) {
  using Cookies = std::vector<Cookie>;
  EXPECT_EQ(parse_cookies("a=1; b=2"), (Cookies{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(parse_cookies(" a = 1 ;b=\"2\";c="), (Cookies{{"a", "1"}, {"b", "2"}, {"c", ""}}));
  EXPECT_EQ(parse_cookies("a=b=c; lonely; =x"), (Cookies{{"a", "b=c"}}));
  EXPECT_EQ(parse_cookies(std::string(10'000, ';')), Cookies{});
  EXPECT_EQ(find_cookie("a=1; a=2", "a"), "1");
  EXPECT_EQ(find_cookie("a=1", "A"), std::nullopt);
}

TEST(Url, KnowsHosts) {
  for (const auto* good : {"h", "h:", "h:80", "a.example.com", "-.", "192.0.2.7:8", "h:99999",
                           "[::1]", "[::1]:80", "a_b", "", ":80"})
    EXPECT_TRUE(is_host(good)) << good;
  for (const auto* bad : {"h h", "u@h", "h/x", "h:80x", "h:8:0", "h:-1", "h?", "[::1", "h#", "%zz"})
    EXPECT_FALSE(is_host(bad)) << bad;
}

TEST(Head, HeaderNamesAndTokensHaveNoCase) {
  Headers headers;
  headers.add("Connection", "keep-alive, Upgrade");
  headers.add("connection", "x");
  EXPECT_EQ(headers.find("CONNECTION"), "keep-alive, Upgrade");
  EXPECT_EQ(headers.count("Connection"), 2U);
  EXPECT_TRUE(headers.has_token("connection", "upgrade"));
  EXPECT_TRUE(headers.has_token("connection", "X"));
  EXPECT_FALSE(headers.has_token("connection", "keep"));
  EXPECT_FALSE(headers.has_token("connection", "alive, Upgrade"));
  EXPECT_FALSE(headers.has_token("upgrade", "x"));
  EXPECT_EQ(headers.find("Host"), std::nullopt);
}

}  // namespace
}  // namespace orrery::http
