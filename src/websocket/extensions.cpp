#include "websocket/extensions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "websocket/extension_list.h"

namespace orrery::websocket {
namespace {

constexpr std::string_view header_name = "Sec-WebSocket-Extensions";
constexpr std::string_view deflate_name = "permessage-deflate";
constexpr int widest = 15;

// The parameters of one offer or answer (RFC 7692 §7.1), as they stand there.
struct Params {
  bool server_no_context_takeover = false;
  bool client_no_context_takeover = false;
  std::optional<int> server_max_window_bits;
  bool client_max_window_bits_said = false;
  std::optional<int> client_max_window_bits;
};

// 8 to 15, without leading zeros.
std::optional<int> window_bits(const ExtensionParam& param) {
  if (!param.value || param.value->front() == '0') return std::nullopt;
  int bits = 0;
  const char* const end = param.value->data() + param.value->size();
  const auto [stop, error] = std::from_chars(param.value->data(), end, bits);
  if (error != std::errc() || stop != end || bits < 8 || bits > widest) return std::nullopt;
  return bits;
}

bool set_flag(bool& flag, const ExtensionParam& param) {
  if (flag || param.value) return false;
  return flag = true;
}

bool set(Params& params, const ExtensionParam& param) {
  if (param.name == "server_no_context_takeover")
    return set_flag(params.server_no_context_takeover, param);
  if (param.name == "client_no_context_takeover")
    return set_flag(params.client_no_context_takeover, param);
  if (param.name == "server_max_window_bits") {
    if (params.server_max_window_bits) return false;
    params.server_max_window_bits = window_bits(param);
    return params.server_max_window_bits.has_value();
  }
  if (param.name == "client_max_window_bits") {
    if (params.client_max_window_bits_said) return false;
    params.client_max_window_bits_said = true;
    params.client_max_window_bits = window_bits(param);
    return params.client_max_window_bits || !param.value;
  }
  return false;
}

// Nothing if it is not ours, not well formed, or has a bad, repeated or unknown parameter.
std::optional<Params> params_of(const Extension& extension) {
  if (!extension.well_formed || extension.name != deflate_name) return std::nullopt;
  Params params;
  for (const auto& param : extension.params)
    if (!set(params, param)) return std::nullopt;
  return params;
}

// The offer's parameters met with the rules; the answer says what will be (RFC 7692 §7.1).
std::optional<Negotiated> accept(const Params& offer, const CompressionRules& rules) {
  if (offer.server_max_window_bits == 8) return std::nullopt;  // no compressor here has that window
  const bool alone = rules.mode == CompressionMode::shared;
  DeflateParams params;
  params.server_no_context_takeover = alone || offer.server_no_context_takeover;
  params.client_no_context_takeover = alone || offer.client_no_context_takeover;
  params.server_max_window_bits =
      std::min(rules.server_max_window_bits, offer.server_max_window_bits.value_or(widest));
  if (offer.client_max_window_bits_said)  // else it must not be in the answer: §7.1.2.2
    params.client_max_window_bits =
        std::min(rules.client_max_window_bits, offer.client_max_window_bits.value_or(widest));

  std::string value(deflate_name);
  if (params.server_no_context_takeover) value += "; server_no_context_takeover";
  if (params.client_no_context_takeover) value += "; client_no_context_takeover";
  if (offer.server_max_window_bits || params.server_max_window_bits < widest)
    value += fmt::format("; server_max_window_bits={}", params.server_max_window_bits);
  if (offer.client_max_window_bits || params.client_max_window_bits < widest)
    value += fmt::format("; client_max_window_bits={}", params.client_max_window_bits);
  return Negotiated{params, std::move(value)};
}

}  // namespace

std::optional<Negotiated> negotiate(std::string_view offers, const CompressionRules& rules) {
  for (const auto& extension : parse_extensions(offers)) {
    const auto offer = params_of(extension);
    if (!offer) continue;
    if (auto negotiated = accept(*offer, rules)) return negotiated;
  }
  return std::nullopt;
}

std::optional<Negotiated> negotiate(const http::Headers& headers, const CompressionRules& rules) {
  for (const auto& header : headers) {
    if (!http::same_name(header.name, header_name)) continue;
    if (auto negotiated = negotiate(header.value, rules)) return negotiated;
  }
  return std::nullopt;
}

std::string offer_value(const DeflateParams& params) {
  std::string value(deflate_name);
  if (params.server_no_context_takeover) value += "; server_no_context_takeover";
  if (params.client_no_context_takeover) value += "; client_no_context_takeover";
  if (params.server_max_window_bits < widest)
    value += fmt::format("; server_max_window_bits={}", params.server_max_window_bits);
  value += "; client_max_window_bits";
  if (params.client_max_window_bits < widest)
    value += fmt::format("={}", params.client_max_window_bits);
  return value;
}

Result<std::optional<DeflateParams>> read_answer(const http::Headers& headers,
                                                 const DeflateParams& offered) {
  std::vector<Extension> chosen;
  for (const auto& header : headers)
    if (http::same_name(header.name, header_name))
      for (auto& extension : parse_extensions(header.value)) chosen.push_back(std::move(extension));
  if (chosen.empty()) return std::optional<DeflateParams>();
  if (chosen.size() > 1) return Error{"the server chose more extensions than were offered"};
  const auto answer = params_of(chosen.front());
  if (!answer) return Error{"the server chose an extension or parameter that was not offered"};
  if (answer->client_max_window_bits_said && !answer->client_max_window_bits)
    return Error{"the server's client_max_window_bits has no value"};  // RFC 7692 §7.1.2.2
  if (offered.server_no_context_takeover && !answer->server_no_context_takeover)
    return Error{"the server did not accept server_no_context_takeover"};  // RFC 7692 §7.1.1.1
  DeflateParams params;
  params.server_no_context_takeover = answer->server_no_context_takeover;
  params.client_no_context_takeover =
      offered.client_no_context_takeover || answer->client_no_context_takeover;
  params.server_max_window_bits = answer->server_max_window_bits.value_or(widest);
  if (params.server_max_window_bits > offered.server_max_window_bits)
    return Error{"the server did not accept server_max_window_bits"};  // RFC 7692 §7.1.2.1
  params.client_max_window_bits =
      std::min(offered.client_max_window_bits, answer->client_max_window_bits.value_or(widest));
  return std::optional<DeflateParams>(params);
}

}  // namespace orrery::websocket
