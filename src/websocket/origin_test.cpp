#include "websocket/origin.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace orrery::websocket {
namespace {

constexpr bool tls = true;
constexpr bool clear = false;

OriginPolicy policy(const std::vector<std::string>& entries) {
  auto result = OriginPolicy::parse(entries);
  EXPECT_TRUE(result.ok()) << result.error();
  return std::move(result).value();
}

struct Row {
  const char* name;
  const char* origin;
  bool encrypted;
  const char* host;
  bool passes;
};

// Attack 15.
TEST(Origin, SameOriginIsSchemeHostAndPort) {
  const Row rows[] = {
      {"the same", "https://example.com", tls, "example.com", true},
      {"the same in clear", "http://example.com", clear, "example.com", true},
      {"the same with its default port", "https://example.com:443", tls, "example.com", true},
      {"the request with its default port", "https://example.com", tls, "example.com:443", true},
      {"the same with a port", "http://localhost:9001", clear, "localhost:9001", true},
      {"another case", "HTTPS://Example.COM", tls, "eXample.com", true},
      {"an IPv6 address", "http://[::1]:9001", clear, "[::1]:9001", true},
      {"an IPv6 address in another case", "https://[2001:DB8::1]", tls, "[2001:db8::1]", true},
      {"an internationalised name", "https://xn--bcher-kva.example", tls, "xn--bcher-kva.example",
       true},
      {"another scheme", "http://example.com", tls, "example.com", false},
      {"another scheme, the other way", "https://example.com", clear, "example.com", false},
      {"another scheme on the same port", "http://example.com:443", tls, "example.com", false},
      {"another port", "https://example.com:8443", tls, "example.com", false},
      {"another host", "https://example.org", tls, "example.com", false},
      {"a name that ends alike", "https://evilexample.com", tls, "example.com", false},
      {"a name that begins alike", "https://example.com.evil.org", tls, "example.com", false},
      {"a subdomain", "https://www.example.com", tls, "example.com", false},
      {"a user in front", "https://example.com@evil.org", tls, "example.com", false},
      {"a user in front of ours", "https://evil@example.com", tls, "example.com", false},
      {"a path", "https://example.com/", tls, "example.com", false},
      {"null", "null", tls, "example.com", false},
      {"null as a host", "null", tls, "null", false},
      {"a file", "file://", tls, "example.com", false},
      {"a file without a host", "file:///", tls, "", false},
      {"nothing", "", tls, "example.com", false},
      {"nothing but a scheme", "https://", tls, "", false},
      {"a name in raw UTF-8",
       "https://b\xc3\xbc"
       "cher.example",
       tls,
       "b\xc3\xbc"
       "cher.example",
       false},
      {"a space", "https://example.com ", tls, "example.com", false},
      {"two origins", "https://example.com https://evil.org", tls, "example.com", false},
      {"an empty port", "https://example.com:", tls, "example.com", false},
      {"port 0", "https://example.com:0", tls, "example.com:0", false},
      {"a port beyond all", "https://example.com:65979", tls, "example.com", false},
      {"a negative port", "https://example.com:-443", tls, "example.com", false},
      {"a port with rubbish", "https://example.com:443x", tls, "example.com", false},
      {"a broken bracket", "https://[::1", tls, "[::1", false},
      {"rubbish behind the bracket", "https://[::1]x", tls, "[::1]x", false},
      {"a broken Host", "https://example.com", tls, "example.com:x", false},
      {"an extension's page", "chrome-extension://abcdef", tls, "example.com", false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(OriginPolicy().allows(row.origin, row.encrypted, row.host), row.passes) << row.name;
}

TEST(Origin, ClientsWithoutOnePass) {
  EXPECT_TRUE(OriginPolicy().allows(std::nullopt, tls, "example.com"));
  EXPECT_TRUE(policy({}).allows(std::nullopt, tls, "example.com"));
  EXPECT_TRUE(policy({"https://other.org"}).allows(std::nullopt, tls, "example.com"));
}

TEST(Origin, ExactEntries) {
  const auto only = policy({"https://app.example.com", "http://localhost:3000"});
  EXPECT_TRUE(only.allows("https://app.example.com", tls, "api.example.com"));
  EXPECT_TRUE(only.allows("https://app.example.com:443", clear, "api.example.com"));
  EXPECT_TRUE(only.allows("http://localhost:3000", clear, "localhost:9001"));
  EXPECT_FALSE(only.allows("http://localhost", clear, "localhost:9001"));
  EXPECT_FALSE(only.allows("http://app.example.com", tls, "api.example.com"));
  EXPECT_FALSE(only.allows("https://api.example.com", tls, "api.example.com")) << "not same-origin";
  EXPECT_TRUE(policy({"https://app.example.com", "same-origin"})
                  .allows("https://api.example.com", tls, "api.example.com"));
}

TEST(Origin, EntriesForAllBelowAHost) {
  const auto below = policy({"https://*.example.com", "https://*.port.org:8443"});
  EXPECT_TRUE(below.allows("https://a.example.com", tls, "h"));
  EXPECT_TRUE(below.allows("https://a.b.example.com", tls, "h"));
  EXPECT_TRUE(below.allows("https://A.EXAMPLE.com", tls, "h"));
  EXPECT_TRUE(below.allows("https://a.port.org:8443", tls, "h"));
  EXPECT_FALSE(below.allows("https://a.port.org", tls, "h"));
  EXPECT_FALSE(below.allows("https://example.com", tls, "h")) << "the host itself is not below it";
  EXPECT_FALSE(below.allows("https://.example.com", tls, "h"));
  EXPECT_FALSE(below.allows("https://evilexample.com", tls, "h"));
  EXPECT_FALSE(below.allows("https://a.example.com.evil.org", tls, "h"));
  EXPECT_FALSE(below.allows("http://a.example.com", tls, "h"));
  EXPECT_FALSE(below.allows("https://a.example.com:8443", tls, "h"));
  EXPECT_FALSE(below.allows("https://evil.org/.example.com", tls, "h"));
  EXPECT_FALSE(below.allows("https://evil.org#.example.com", tls, "h"));
}

TEST(Origin, EveryoneOnlyByTheWord) {
  const auto anyone = policy({"allow-any-origin"});
  EXPECT_TRUE(anyone.allows("https://evil.org", tls, "example.com"));
  EXPECT_TRUE(anyone.allows("null", tls, "example.com"));
  EXPECT_FALSE(policy({}).allows("https://example.com", tls, "example.com"));
}

TEST(Origin, WrongEntriesAreRefusedWithASentence) {
  for (const std::string entry :
       {"*", "", "example.com", "https://*", "https://*.", "https://*.*.com", "https://a.*.com",
        "https://example.com/", "https://user@example.com", "https://example.com:0", "null",
        "https://*.[::1]", "SAME-ORIGIN", "https:example.com"}) {
    const std::vector<std::string> entries = {"same-origin", entry};
    const auto result = OriginPolicy::parse(entries);
    ASSERT_FALSE(result.ok()) << entry;
    EXPECT_EQ(result.error(), "'" + entry +
                                  "' is not an origin: write https://host, https://*.host, " +
                                  "same-origin or allow-any-origin");
  }
}

}  // namespace
}  // namespace orrery::websocket
