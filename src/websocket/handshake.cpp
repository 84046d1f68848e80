#include "websocket/handshake.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <memory>
#include <stdexcept>

#include "websocket/extension_list.h"

namespace orrery::websocket {
namespace {

constexpr std::string_view version = "13";
constexpr std::size_t nonce_bytes = 16;
constexpr std::size_t key_characters = 24;

constexpr http::CharacterSet base64_characters(
    "+/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

// Base64 of 16 bytes: 22 characters and two of padding.
bool is_key(std::string_view key) {
  return key.size() == key_characters && key.ends_with("==") &&
         std::all_of(key.begin(), key.end() - 2, [](char c) { return base64_characters.has(c); });
}

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and the NUL that it writes
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// Looking SHA-1 up costs OpenSSL more than hashing: once per process.
const EVP_MD* sha1() {
  static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm(
      EVP_MD_fetch(nullptr, "SHA1", nullptr), &EVP_MD_free);
  if (!algorithm) throw std::runtime_error("OpenSSL has no SHA-1");
  return algorithm.get();
}

// The offered subprotocols, without empty, malformed and repeated ones (RFC 6455 §4.1).
std::vector<std::string_view> offered_protocols(const http::Headers& headers) {
  std::vector<std::string_view> offered;
  constexpr std::size_t most = 100;
  for (const auto& header : headers) {
    if (!http::same_name(header.name, "Sec-WebSocket-Protocol")) continue;
    std::string_view rest = header.value;
    while (!rest.empty() && offered.size() < most) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      std::string_view name = rest.substr(0, comma);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      while (name.starts_with(' ') || name.starts_with('\t')) name.remove_prefix(1);
      while (name.ends_with(' ') || name.ends_with('\t')) name.remove_suffix(1);
      if (is_token(name) && std::find(offered.begin(), offered.end(), name) == offered.end())
        offered.push_back(name);
    }
  }
  return offered;
}

Refusal upgrade_required(std::string reason) {
  return {426, std::move(reason), {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}}};
}

// The one value of a header, if it has exactly one.
std::optional<std::string_view> only(const http::Headers& headers, std::string_view name) {
  return headers.count(name) == 1 ? headers.find(name) : std::nullopt;
}

// RFC 6455 §4.2.1, in the order in which the contract answers.
std::optional<Refusal> refusal_of(const http::RequestHead& head, bool has_body) {
  if (!wants_upgrade(head)) {
    Refusal refusal = upgrade_required("this path speaks the WebSocket protocol");
    refusal.headers.emplace_back("Connection", "Upgrade");
    return refusal;
  }
  if (head.minor_version < 1) return Refusal{400, "an upgrade needs HTTP/1.1", {}};
  if (head.method != "GET") return Refusal{405, "an upgrade is a GET", {{"Allow", "GET"}}};
  if (has_body) return Refusal{400, "an upgrade has no body", {}};
  if (head.headers.count("Sec-WebSocket-Key") != 1)
    return Refusal{400, "an upgrade has one Sec-WebSocket-Key", {}};
  if (!is_key(*head.headers.find("Sec-WebSocket-Key")))
    return Refusal{400, "Sec-WebSocket-Key is base64 of 16 bytes", {}};
  if (only(head.headers, "Sec-WebSocket-Version") != version)
    return upgrade_required("this server speaks version 13");  // §4.4
  return std::nullopt;
}

}  // namespace

bool wants_upgrade(const http::RequestHead& head) {
  return head.headers.has_token("Upgrade", "websocket") &&
         head.headers.has_token("Connection", "upgrade");
}

std::variant<Upgrade, Refusal> check_upgrade(const http::RequestHead& head, bool has_body,
                                             const std::optional<CompressionRules>& compression) {
  if (auto refusal = refusal_of(head, has_body)) return std::move(*refusal);
  Upgrade upgrade;
  upgrade.accept = accept_key(*head.headers.find("Sec-WebSocket-Key"));
  upgrade.offered_protocols = offered_protocols(head.headers);
  if (compression) upgrade.compression = negotiate(head.headers, *compression);
  return upgrade;
}

std::string acceptance(const Upgrade& upgrade, std::string_view protocol) {
  constexpr std::size_t usual_bytes = 256;
  std::string head;
  head.reserve(usual_bytes);
  head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ";
  head.append(upgrade.accept).append("\r\n");
  if (!protocol.empty()) head.append("Sec-WebSocket-Protocol: ").append(protocol).append("\r\n");
  if (upgrade.compression)
    head.append("Sec-WebSocket-Extensions: ")
        .append(upgrade.compression->response_value)
        .append("\r\n");
  return head;
}

std::string accept_key(std::string_view key) {
  constexpr std::string_view suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // §1.3
  assert(key.size() == key_characters);
  std::array<char, key_characters + suffix.size()> text;
  std::ranges::copy(suffix, std::ranges::copy(key, text.begin()).out);
  std::array<char, 20> digest;
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                 sha1(), nullptr) != 1)
    throw std::runtime_error("OpenSSL failed to compute SHA-1");
  return base64({digest.data(), size});
}

std::string make_key(Random& random) {
  std::array<char, nonce_bytes> nonce;
  random.fill(nonce);
  return base64({nonce.data(), nonce.size()});
}

Result<Agreed> check_response(const http::ResponseHead& head, const Asked& asked) {
  const auto& headers = head.headers;
  if (head.status != 101)
    return Error{"the server answered " + std::to_string(head.status) + " instead of 101"};
  if (!headers.has_token("Upgrade", "websocket"))
    return Error{"the answer lacks Upgrade: websocket"};
  if (!headers.has_token("Connection", "upgrade"))
    return Error{"the answer lacks Connection: Upgrade"};
  if (only(headers, "Sec-WebSocket-Accept") != accept_key(asked.key))
    return Error{"the answer's Sec-WebSocket-Accept is not that of the key"};

  Agreed agreed;
  if (headers.count("Sec-WebSocket-Protocol") > 0) {
    agreed.protocol = only(headers, "Sec-WebSocket-Protocol").value_or("");
    if (std::find(asked.protocols.begin(), asked.protocols.end(), agreed.protocol) ==
        asked.protocols.end())
      return Error{"the server chose a subprotocol that was not offered"};
  }
  if (!asked.compression) {
    if (headers.count("Sec-WebSocket-Extensions") > 0)
      return Error{"the server chose an extension that was not offered"};
    return agreed;
  }
  const auto answer = read_answer(headers, *asked.compression);
  if (!answer) return Error{answer.error()};
  agreed.compression = *answer;
  return agreed;
}

}  // namespace orrery::websocket
