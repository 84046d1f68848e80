// Whatever the bytes, a PROXY header is read the same however it is cut, and is never longer than
// its limit or than what came.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "net/proxy_header.h"

namespace {

using namespace orrery::net;

void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << what << "\n";
  std::abort();
}

bool same(const ProxyHeaderRead& one, const ProxyHeaderRead& other) {
  if (one.index() != other.index()) return false;
  if (const auto* fault = std::get_if<ProxyHeaderFault>(&one))
    return fault->reason == std::get<ProxyHeaderFault>(other).reason;
  const auto* header = std::get_if<ProxyHeader>(&one);
  if (header == nullptr) return true;
  const auto& second = std::get<ProxyHeader>(other);
  if (header->bytes != second.bytes || header->client.has_value() != second.client.has_value())
    return false;
  return !header->client || (header->client->bytes == second.client->bytes &&
                             header->client->port == second.client->port &&
                             header->client->family == second.client->family);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ProxyHeaderRead whole = read_proxy_header(bytes);
  if (const auto* header = std::get_if<ProxyHeader>(&whole))
    require(header->bytes <= size && header->bytes <= proxy_header_bytes,
            "a header beyond its end");
  require(!std::holds_alternative<ProxyHeaderBegun>(whole) || size < proxy_header_bytes,
          "a header that never ends");
  bool answered = false;
  for (std::size_t cut = 0; cut <= size; ++cut) {
    const ProxyHeaderRead read = read_proxy_header(bytes.substr(0, cut));
    const bool begun = std::holds_alternative<ProxyHeaderBegun>(read);
    require(!answered || !begun, "an answer was taken back");
    answered = answered || !begun;
    require(begun || same(read, whole), "a cut changed the answer");
  }
  return 0;
}
