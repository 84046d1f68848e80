#include "http/framing.h"

#include <charconv>

#include "http/characters.h"
#include "http/url.h"

namespace orrery::http {
namespace {

FramingOrFault transfer_coding_of(const Headers& headers) {
  int chunked = 0;
  int others = 0;
  for (const auto& header : headers) {
    if (!same_name(header.name, "Transfer-Encoding")) continue;
    auto list = header.value;
    do {
      ++(same_name(next_element(list, ','), "chunked") ? chunked : others);
    } while (!list.empty());
  }
  if (others > 0) return Fault{501, "unknown Transfer-Encoding"};         // RFC 9112 §6.1
  if (chunked > 1) return Fault{400, "Transfer-Encoding chunked twice"};  // RFC 9112 §6.1
  return Framing{Framing::Body::chunked, 0};
}

FramingOrFault content_length_of(const Headers& headers) {
  if (headers.count("Content-Length") > 1) return Fault{400, "more than one Content-Length"};
  const auto text = *headers.find("Content-Length");
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (text.empty() || end != text.data() + text.size())
    return Fault{400, "malformed Content-Length"};
  if (error != std::errc{}) return Fault{413, "body too large"};
  if (bytes == 0) return Framing{};
  return Framing{Framing::Body::length, bytes};
}

// What says how long the body is, in requests and responses alike (RFC 9112 §6.3).
FramingOrFault declared_framing(int minor_version, const Headers& headers) {
  const bool has_length = headers.count("Content-Length") > 0;
  const bool has_coding = headers.count("Transfer-Encoding") > 0;
  if (has_coding && has_length)
    return Fault{400, "both Content-Length and Transfer-Encoding"};  // RFC 9112 §6.1
  if (has_coding && minor_version == 0)
    return Fault{400, "Transfer-Encoding in HTTP/1.0"};  // RFC 9112 §6.1
  if (has_coding) return transfer_coding_of(headers);
  if (has_length) return content_length_of(headers);
  return Framing{};
}

}  // namespace

MaybeFault fault_in(const RequestHead& head) {
  const auto hosts = head.headers.count("Host");
  if (hosts > 1) return Fault{400, "more than one Host"};                   // RFC 9112 §3.2
  if (hosts == 0 && head.minor_version >= 1) return Fault{400, "no Host"};  // RFC 9112 §3.2
  if (hosts == 1 && !is_host(*head.headers.find("Host")))
    return Fault{400, "malformed Host"};                                       // RFC 9112 §3.2
  if (head.method == "CONNECT") return Fault{501, "this server is no proxy"};  // RFC 9110 §9.3.6
  return std::nullopt;
}

std::optional<Target> target_of(const RequestHead& head) {
  const bool for_all = head.target == "*" && head.method != "OPTIONS";  // RFC 9112 §3.2.4
  if (for_all || head.target.find('#') != std::string_view::npos) return std::nullopt;
  return split_target(head.target);
}

FramingOrFault framing_of(const RequestHead& head) {
  return declared_framing(head.minor_version, head.headers);
}

FramingOrFault framing_of(const ResponseHead& head) {
  const bool never = head.status / 100 == 1 || head.status == 204 || head.status == 304;
  if (never) return Framing{};  // RFC 9112 §6.3
  const bool declared =
      head.headers.count("Content-Length") + head.headers.count("Transfer-Encoding") > 0;
  if (!declared) return Framing{Framing::Body::until_end, 0};
  return declared_framing(head.minor_version, head.headers);
}

bool is_persistent(int minor_version, const Headers& headers) {
  if (headers.has_token("Connection", "close")) return false;
  return minor_version >= 1 || headers.has_token("Connection", "keep-alive");
}

}  // namespace orrery::http
