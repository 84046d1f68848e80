#include "http/response_writer.h"

#include <algorithm>
#include <array>

#include "http/characters.h"
#include "http/date.h"

namespace orrery::http {
namespace {

struct Phrase {
  int status;
  std::string_view text;
};

// RFC 9110 §15, RFC 6585, RFC 7725.
constexpr std::array phrases{
    Phrase{100, "Continue"},
    Phrase{101, "Switching Protocols"},
    Phrase{103, "Early Hints"},
    Phrase{200, "OK"},
    Phrase{201, "Created"},
    Phrase{202, "Accepted"},
    Phrase{203, "Non-Authoritative Information"},
    Phrase{204, "No Content"},
    Phrase{205, "Reset Content"},
    Phrase{206, "Partial Content"},
    Phrase{300, "Multiple Choices"},
    Phrase{301, "Moved Permanently"},
    Phrase{302, "Found"},
    Phrase{303, "See Other"},
    Phrase{304, "Not Modified"},
    Phrase{307, "Temporary Redirect"},
    Phrase{308, "Permanent Redirect"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{402, "Payment Required"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{406, "Not Acceptable"},
    Phrase{407, "Proxy Authentication Required"},
    Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"},
    Phrase{410, "Gone"},
    Phrase{411, "Length Required"},
    Phrase{412, "Precondition Failed"},
    Phrase{413, "Content Too Large"},
    Phrase{414, "URI Too Long"},
    Phrase{415, "Unsupported Media Type"},
    Phrase{416, "Range Not Satisfiable"},
    Phrase{417, "Expectation Failed"},
    Phrase{421, "Misdirected Request"},
    Phrase{422, "Unprocessable Content"},
    Phrase{425, "Too Early"},
    Phrase{426, "Upgrade Required"},
    Phrase{428, "Precondition Required"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{451, "Unavailable For Legal Reasons"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{502, "Bad Gateway"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
    Phrase{505, "HTTP Version Not Supported"},
    Phrase{507, "Insufficient Storage"},
    Phrase{511, "Network Authentication Required"},
};

bool is_ours(std::string_view name) {
  return same_name(name, "Content-Length") || same_name(name, "Transfer-Encoding") ||
         same_name(name, "Date");
}

bool is_safe(const Header& header) {
  return is_token(header.name) && std::none_of(header.value.begin(), header.value.end(),
                                               [](char c) { return is_control(c); });
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  using namespace std::string_view_literals;  // whose lengths are known
  out.append(name).append(": "sv).append(value).append("\r\n"sv);
}

bool lists_close(std::span<const Header> headers) {
  Headers all;
  for (const auto& header : headers)
    if (same_name(header.name, "Connection")) all.add(header.name, header.value);
  return all.has_token("Connection", "close");
}

void append_framing(std::string& out, int status, std::span<const Header> headers,
                    std::uint64_t body_bytes, const ResponseOptions& options) {
  if (allows_body(status)) append_line(out, "Content-Length", std::to_string(body_bytes));
  if (status / 100 == 1) return;  // the connection goes on
  if (!options.keep_alive && !lists_close(headers)) append_line(out, "Connection", "close");
  if (options.keep_alive && options.minor_version == 0)
    append_line(out, "Connection", "keep-alive");
}

}  // namespace

std::string_view reason_phrase(int status) {
  const auto at = std::lower_bound(phrases.begin(), phrases.end(), status,
                                   [](const Phrase& p, int s) { return p.status < s; });
  return at != phrases.end() && at->status == status ? at->text : std::string_view{};
}

bool allows_body(int status) {
  return status / 100 != 1 && status != 204 && status != 304;
}

bool append_header(std::string& out, const Header& header) {
  if (is_ours(header.name) || !is_safe(header)) return false;
  append_line(out, header.name, header.value);
  return true;
}

std::vector<std::string> append_response_head(std::string& out, int status,
                                              std::span<const Header> headers,
                                              std::uint64_t body_bytes,
                                              const ResponseOptions& options) {
  constexpr std::size_t usual_bytes = 256;
  std::vector<std::string> left_out;
  out.reserve(out.size() + usual_bytes);
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  out.append(reason_phrase(status)).append("\r\n");
  if (options.date) append_line(out, "Date", http_date(*options.date));
  for (const auto& header : headers)
    if (!append_header(out, header)) left_out.emplace_back(header.name);
  append_framing(out, status, headers, body_bytes, options);
  out.append("\r\n");
  return left_out;
}

std::vector<std::string> append_response(std::string& out, int status,
                                         std::span<const Header> headers, std::string_view body,
                                         const ResponseOptions& options) {
  auto left_out = append_response_head(out, status, headers, body.size(), options);
  if (allows_body(status) && !options.head_only) out.append(body);
  return left_out;
}

}  // namespace orrery::http
