#include "http/forwarded.h"

#include <gtest/gtest.h>

namespace orrery::http {
namespace {

bool is_ours(const std::string& address) {
  return address.starts_with("10.") || address == "fd00::1";
}

std::string seen(const Headers& headers) {
  const Forwarded found = forwarded(headers, is_ours);
  return found.address + " " + std::string(found.scheme) + " " + std::string(found.host);
}

Headers headers(std::initializer_list<Header> list) {
  Headers all;
  for (const auto& [name, value] : list) all.add(name, value);
  return all;
}

TEST(Forwarded, NothingIsSaidWithoutTheHeaders) {
  EXPECT_EQ(seen(headers({{"Host", "a"}})), "  ");
}

TEST(Forwarded, TheNearestAddressThatIsNoProxyOfOursIsTheClient) {
  EXPECT_EQ(seen(headers({{"X-Forwarded-For", "192.0.2.7"}})), "192.0.2.7  ");
  EXPECT_EQ(seen(headers({{"X-Forwarded-For", "6.6.6.6, 192.0.2.7, 10.0.0.1"}})), "192.0.2.7  ")
      << "what is left of the client it wrote itself";
  EXPECT_EQ(seen(headers({{"X-Forwarded-For", "192.0.2.7"}, {"x-forwarded-for", "10.0.0.2"}})),
            "192.0.2.7  ");
  EXPECT_EQ(seen(headers({{"X-Forwarded-For", "10.0.0.9, 10.0.0.2"}})), "10.0.0.9  ");
}

TEST(Forwarded, PortsAndBracketsAreNotTheAddress) {
  EXPECT_EQ(seen(headers({{"X-Forwarded-For", "192.0.2.7:5000"}})), "192.0.2.7  ");
  EXPECT_EQ(seen(headers({{"X-Forwarded-For", "2001:db8::1"}})), "2001:db8::1  ");
  EXPECT_EQ(seen(headers({{"X-Forwarded-For", "[2001:db8::1]:5000"}})), "2001:db8::1  ");
  EXPECT_EQ(seen(headers({{"X-Forwarded-For", "["}})), "  ");
}

TEST(Forwarded, SchemeAndHostAreThoseThatTheNearestProxySaw) {
  EXPECT_EQ(seen(headers({{"X-Forwarded-For", "192.0.2.7"},
                          {"X-Forwarded-Proto", "http, https"},
                          {"X-Forwarded-Host", "app.example"}})),
            "192.0.2.7 https app.example");
}

TEST(Forwarded, TheStandardHeaderCountsWhereBothAreThere) {
  EXPECT_EQ(seen(headers({{"Forwarded", "for=192.0.2.7;proto=https;host=\"app.example:8443\""},
                          {"X-Forwarded-For", "6.6.6.6"}})),
            "192.0.2.7 https app.example:8443");
  EXPECT_EQ(seen(headers({{"Forwarded", "For=\"[2001:db8::1]:80\"; Proto=http, for=10.0.0.1"}})),
            "2001:db8::1 http ");
  EXPECT_EQ(seen(headers({{"Forwarded", "proto=https"}})), " https ");
  EXPECT_EQ(seen(headers({{"Forwarded", ";;=,\"for="}})), "  ");
}

}  // namespace
}  // namespace orrery::http
