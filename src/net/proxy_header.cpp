#include "net/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>

namespace orrery::net {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view line_start = "PROXY ";
constexpr std::size_t longest_line = 107;                           // §2.1, with its CRLF
constexpr std::string_view block_start = "\r\n\r\n\0\r\nQUIT\n"sv;  // §2.2
constexpr std::size_t block_head = 16;

// Whether `bytes` begin with `start`, as far as they go.
bool begins(std::string_view bytes, std::string_view start) {
  const std::size_t common = std::min(bytes.size(), start.size());
  return bytes.substr(0, common) == start.substr(0, common);
}

std::optional<PeerAddress> ipv4(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return std::nullopt;
  sockaddr_storage storage{};
  std::memcpy(&storage, &address, sizeof address);
  return PeerAddress::from(storage);
}

PeerAddress ipv6(const in6_addr& host, std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = host;
  sockaddr_storage storage{};
  std::memcpy(&storage, &address, sizeof address);
  return PeerAddress::from(storage);
}

std::optional<PeerAddress> ipv6(const std::string& host, std::uint16_t port) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, host.c_str(), &address) != 1) return std::nullopt;
  return ipv6(address, port);
}

// §2.1: decimal, without zeros in front.
std::optional<std::uint16_t> port_in(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  const bool zero_in_front = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || stop != end || zero_in_front) return std::nullopt;
  return port;
}

// The next of the words that one space separates.
std::string_view take_word(std::string_view& line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(std::min(space + 1, line.size()));
  return word;
}

// §2.1: "TCP4 192.0.2.7 192.0.2.1 4711 443"
ProxyHeaderRead read_line(std::string_view line, std::size_t bytes) {
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") return ProxyHeader{bytes, std::nullopt};
  const bool four = family == "TCP4";
  if (!four && family != "TCP6")
    return ProxyHeaderFault{"the PROXY line is neither TCP4, TCP6 nor UNKNOWN"};
  if (line.find('\0') != line.npos) return ProxyHeaderFault{"there is a NUL in the PROXY line"};
  const std::string from(take_word(line)), to(take_word(line));
  const auto port = port_in(take_word(line));
  const auto to_port = port_in(line);
  if (!port || !to_port) return ProxyHeaderFault{"a port in the PROXY line is none"};
  const auto client = four ? ipv4(from, *port) : ipv6(from, *port);
  const auto server = four ? ipv4(to, *to_port) : ipv6(to, *to_port);
  if (!client || !server) return ProxyHeaderFault{"an address in the PROXY line is none"};
  return ProxyHeader{bytes, client};
}

ProxyHeaderRead read_version_1(std::string_view bytes) {
  const std::string_view most = bytes.substr(0, longest_line);
  const std::size_t end = most.find('\n');
  if (end == most.npos) {
    if (most.size() == longest_line) return ProxyHeaderFault{"the PROXY line is too long"};
    return ProxyHeaderBegun{};
  }
  if (most[end - 1] != '\r') return ProxyHeaderFault{"the PROXY line does not end in CRLF"};
  return read_line(most.substr(line_start.size(), end - 1 - line_start.size()), end + 1);
}

unsigned byte_at(std::string_view bytes, std::size_t place) {
  return static_cast<unsigned char>(bytes[place]);
}

// §2.2: both addresses, then both ports. Its length was checked.
PeerAddress client_in(std::string_view block, unsigned family) {
  const std::size_t address_bytes = family == 1 ? 4 : 16;
  if (family == 3) return {};  // a unix socket: its path says nothing to us
  const std::size_t at = 2 * address_bytes;
  const auto port = static_cast<std::uint16_t>(byte_at(block, at) << 8 | byte_at(block, at + 1));
  in6_addr address{};
  std::copy_n(block.begin(), address_bytes, reinterpret_cast<char*>(address.s6_addr));
  if (family == 2) return ipv6(address, port);
  PeerAddress client{.port = port, .family = PeerAddress::Family::ipv4};
  std::copy_n(address.s6_addr, address_bytes, client.bytes.begin());
  return client;
}

// §2.2: version and command, family and transport, length, addresses, type-length-values.
ProxyHeaderRead read_version_2(std::string_view bytes) {
  static constexpr std::size_t addresses_bytes[] = {0, 12, 36, 216};
  if (bytes.size() <= 12) return ProxyHeaderBegun{};
  const unsigned command = byte_at(bytes, 12) & 0x0f;
  if (byte_at(bytes, 12) >> 4 != 2) return ProxyHeaderFault{"the PROXY block is not of version 2"};
  if (command > 1) return ProxyHeaderFault{"the PROXY block has an unknown command"};
  const bool local = command == 0;  // then its family counts for nothing
  if (bytes.size() <= 13) return ProxyHeaderBegun{};
  const unsigned family = byte_at(bytes, 13) >> 4, transport = byte_at(bytes, 13) & 0x0f;
  if (!local && (family > 3 || transport > 2))
    return ProxyHeaderFault{"the PROXY block has an unknown family or transport"};
  if (bytes.size() < block_head) return ProxyHeaderBegun{};
  const std::size_t length = byte_at(bytes, 14) << 8 | byte_at(bytes, 15);
  if (block_head + length > proxy_header_bytes)
    return ProxyHeaderFault{"the PROXY block is too long"};
  const bool streams = !local && family > 0 && transport == 1;  // others are as if unknown
  if (streams && length < addresses_bytes[family])
    return ProxyHeaderFault{"the PROXY block is shorter than its addresses"};
  if (bytes.size() < block_head + length) return ProxyHeaderBegun{};
  ProxyHeader header{block_head + length};
  if (streams) header.client = client_in(bytes.substr(block_head), family);
  return header;
}

}  // namespace

ProxyHeaderRead read_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return ProxyHeaderBegun{};
  if (begins(bytes, block_start)) return read_version_2(bytes);
  if (!begins(bytes, line_start)) return ProxyHeaderFault{"there is no PROXY header"};
  return bytes.size() < line_start.size() ? ProxyHeaderBegun{} : read_version_1(bytes);
}

}  // namespace orrery::net
