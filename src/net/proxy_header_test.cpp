#include "net/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

namespace orrery::net {
namespace {

using namespace std::string_literals;

std::string text_of(const PeerAddress& address) {
  const Peer peer = address.peer();
  return peer.address + " " + std::to_string(peer.port);
}

// "40 bytes, 192.0.2.7 4711", "28 bytes, nobody", "begun", or the fault.
std::string text_of(const ProxyHeaderRead& read) {
  if (std::holds_alternative<ProxyHeaderBegun>(read)) return "begun";
  if (const auto* fault = std::get_if<ProxyHeaderFault>(&read)) return std::string(fault->reason);
  const auto& header = std::get<ProxyHeader>(read);
  return std::to_string(header.bytes) + " bytes, " +
         (header.client ? text_of(*header.client) : "nobody");
}

const std::string block_start = "\r\n\r\n\0\r\nQUIT\n"s;

// A block of version 2; `kind` is its 13th and 14th byte.
std::string block(const std::string& kind, const std::string& rest) {
  const auto size = static_cast<unsigned>(rest.size());
  return block_start + kind + static_cast<char>(size >> 8) + static_cast<char>(size & 255) + rest;
}

const std::string from_4 = "\xc0\x00\x02\x07"s, to_4 = "\xc0\x00\x02\x01"s;
const std::string from_6 = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"s;
const std::string mapped = "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x07"s;
const std::string ports = "\x12\x67\x01\xbb"s;  // 4711, 443
const std::string value = "\x04\x00\x03xyz"s;   // PP2_TYPE_NOOP

struct Row {
  const char* name;
  std::string bytes;
  std::string says;
};

const Row rows[] = {
    {"a line for IPv4", "PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n", "41 bytes, 192.0.2.7 4711"},
    {"a line for IPv6", "PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n",
     "45 bytes, 2001:db8::7 4711"},
    {"a mapped address is IPv4 again", "PROXY TCP6 ::ffff:192.0.2.7 ::1 4711 443\r\n",
     "42 bytes, 192.0.2.7 4711"},
    {"port 0", "PROXY TCP4 192.0.2.7 192.0.2.1 0 443\r\n", "38 bytes, 192.0.2.7 0"},
    {"a line for nobody", "PROXY UNKNOWN\r\n", "15 bytes, nobody"},
    {"what stands behind UNKNOWN is not read", "PROXY UNKNOWN ffff:f...f:ffff 1 99999\r\n",
     "39 bytes, nobody"},
    {"the longest line that there may be", "PROXY UNKNOWN " + std::string(91, 'f') + "\r\n",
     "107 bytes, nobody"},
    {"a longer one", "PROXY UNKNOWN " + std::string(92, 'f') + "\r\n",
     "the PROXY line is too long"},
    {"a line without CR", "PROXY UNKNOWN\n", "the PROXY line does not end in CRLF"},
    {"a line without anything", "PROXY \r\n", "the PROXY line is neither TCP4, TCP6 nor UNKNOWN"},
    {"another family", "PROXY UDP4 192.0.2.7 192.0.2.1 4711 443\r\n",
     "the PROXY line is neither TCP4, TCP6 nor UNKNOWN"},
    {"a family in small letters", "PROXY tcp4 192.0.2.7 192.0.2.1 4711 443\r\n",
     "the PROXY line is neither TCP4, TCP6 nor UNKNOWN"},
    {"IPv6 where IPv4 was said", "PROXY TCP4 2001:db8::7 192.0.2.1 4711 443\r\n",
     "an address in the PROXY line is none"},
    {"a bad destination", "PROXY TCP4 192.0.2.7 192.0.2.300 4711 443\r\n",
     "an address in the PROXY line is none"},
    {"a NUL behind the address", "PROXY TCP4 192.0.2.7\0 192.0.2.1 4711 443\r\n"s,
     "there is a NUL in the PROXY line"},
    {"two spaces", "PROXY TCP4 192.0.2.7  192.0.2.1 4711 443\r\n",
     "a port in the PROXY line is none"},
    {"a port that is too large", "PROXY TCP4 192.0.2.7 192.0.2.1 65536 443\r\n",
     "a port in the PROXY line is none"},
    {"a port with a zero in front", "PROXY TCP4 192.0.2.7 192.0.2.1 04711 443\r\n",
     "a port in the PROXY line is none"},
    {"no destination port", "PROXY TCP4 192.0.2.7 192.0.2.1 4711\r\n",
     "a port in the PROXY line is none"},
    {"one word too many", "PROXY TCP4 192.0.2.7 192.0.2.1 4711 443 1\r\n",
     "a port in the PROXY line is none"},
    {"a request", "GET / HTTP/1.1\r\n", "there is no PROXY header"},
    {"a TLS handshake", "\x16\x03\x01\x00\x08"s, "there is no PROXY header"},
    {"a request that begins like one", "PROXYFOO / HTTP/1.1\r\n", "there is no PROXY header"},
    {"a block that begins wrong", "\r\n\r\n\0\r\nquit\n"s, "there is no PROXY header"},
    {"a block for IPv4", block("\x21\x11", from_4 + to_4 + ports), "28 bytes, 192.0.2.7 4711"},
    {"a block for IPv6", block("\x21\x21", from_6 + from_6 + ports), "52 bytes, 2001:db8::7 4711"},
    {"a block for a mapped address", block("\x21\x21", mapped + mapped + ports),
     "52 bytes, 192.0.2.7 4711"},
    {"a block for a unix socket", block("\x21\x31", std::string(216, '/')), "232 bytes, unix 0"},
    {"values behind the addresses", block("\x21\x11", from_4 + to_4 + ports + value),
     "34 bytes, 192.0.2.7 4711"},
    {"the longest block that there may be",
     block("\x21\x11", from_4 + to_4 + ports + std::string(4068, 'x')),
     "4096 bytes, 192.0.2.7 4711"},
    {"a longer one", block("\x21\x11", from_4 + to_4 + ports + std::string(4069, 'x')),
     "the PROXY block is too long"},
    {"a proxy that speaks for itself", block("\x20\x00"s, ""), "16 bytes, nobody"},
    {"its family counts for nothing", block("\x20\xff", value), "22 bytes, nobody"},
    {"a client of an unknown family", block("\x21\x00"s, value), "22 bytes, nobody"},
    {"datagrams are as if unknown", block("\x21\x12", from_4 + to_4 + ports), "28 bytes, nobody"},
    {"a block of version 1", block("\x11\x11", from_4 + to_4 + ports),
     "the PROXY block is not of version 2"},
    {"an unknown command", block("\x22\x11", from_4 + to_4 + ports),
     "the PROXY block has an unknown command"},
    {"an unknown family", block("\x21\x41", from_4 + to_4 + ports),
     "the PROXY block has an unknown family or transport"},
    {"an unknown transport", block("\x21\x13", from_4 + to_4 + ports),
     "the PROXY block has an unknown family or transport"},
    {"a block without room for its addresses", block("\x21\x11", from_4 + to_4),
     "the PROXY block is shorter than its addresses"},
};

TEST(ProxyHeader, IsReadAsItsSpecificationSays) {
  for (const Row& row : rows)
    EXPECT_EQ(text_of(read_proxy_header(row.bytes)), row.says) << row.name;
}

TEST(ProxyHeader, IsTheSameWithTheClientsBytesBehindIt) {
  for (const Row& row : rows)
    EXPECT_EQ(text_of(read_proxy_header(row.bytes + "GET / HTTP/1.1\r\n")), row.says) << row.name;
}

// From some cut on the answer is there, and stays; before it there is none.
TEST(ProxyHeader, SaysTheSameWhereverItIsCut) {
  for (const Row& row : rows) {
    std::string before = "begun";
    for (std::size_t cut = 0; cut <= row.bytes.size(); ++cut) {
      const std::string says = text_of(read_proxy_header(row.bytes.substr(0, cut)));
      EXPECT_TRUE(says == before || (before == "begun" && says == row.says))
          << row.name << " at " << cut << ": " << says;
      before = says;
    }
    EXPECT_EQ(before, row.says) << row.name;
  }
}

}  // namespace
}  // namespace orrery::net
