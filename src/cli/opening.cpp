#include "cli/opening.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace orrery::cli {
namespace {

constexpr std::size_t told_body_bytes = 500;

bool names_host(const std::string& header) {
  return http::same_name(std::string_view(header).substr(0, header.find(':')), "Host");
}

std::string request_of(const OpeningPlan& plan, const websocket::Asked& asked) {
  std::string lines;
  bool has_host = false;
  for (const auto& header : plan.headers) {
    lines += header + "\r\n";
    has_host = has_host || names_host(header);
  }
  if (!asked.protocols.empty())
    lines += fmt::format("Sec-WebSocket-Protocol: {}\r\n", fmt::join(asked.protocols, ", "));
  if (asked.compression)
    lines +=
        fmt::format("Sec-WebSocket-Extensions: {}\r\n", websocket::offer_value(*asked.compression));
  const std::string host = has_host ? "" : fmt::format("Host: {}\r\n", plan.target.host_header());
  return fmt::format(
      "GET {} HTTP/1.1\r\n{}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {}\r\n"
      "Sec-WebSocket-Version: 13\r\n{}\r\n",
      plan.target.resource, host, asked.key, lines);
}

std::string advice_for(const Refused& refused) {
  switch (refused.status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return fmt::format("it is elsewhere: connect to {} instead",
                         refused.location.empty() ? "the place it moved to" : refused.location);
    case 400:
      return "something between here and the server may not know WebSockets, or it wants "
             "other headers (--header)";
    case 401:
      return "it wants to know who you are: say --header \"Authorization: Bearer TOKEN\", or "
             "what it expects";
    case 403:
      return "it may want another origin: say --header \"Origin: https://HOST\", or check "
             "your rights";
    case 404: return "nothing is at that path: check the path of the URL";
    case 426: return "that path wants another protocol or version than WebSocket 13";
    case 429:
    case 503:
      return fmt::format("try again {}", refused.retry_after.empty()
                                             ? "later"
                                             : "after " + refused.retry_after + " s");
    default:
      return refused.status / 100 == 2
                 ? "it answered with a page: is there a WebSocket at that path?"
                 : "the server's log says more";
  }
}

}  // namespace

Opening::Opening(const OpeningPlan& plan, Random& random)
    : asked_{websocket::make_key(random), plan.protocols, plan.compression},
      request_(request_of(plan, asked_)) {}

Opening::Event Opening::next(std::span<char>& input) {
  auto event = reader_.next(input);
  if (!std::holds_alternative<http::HeadArrived>(event)) return judge(event);
  if (reader_.head().status != 101) return judge(reader_.next(input));
  auto agreed = websocket::check_response(reader_.head(), asked_);
  if (!agreed) return BadAnswer{agreed.error()};
  return *std::move(agreed);
}

Opening::Event Opening::finish() {
  const bool has_head = reader_.head().status != 0;
  const auto event = reader_.finish();
  // A body that was cut short still says no.
  if (!std::holds_alternative<http::Fault>(event)) return judge(event);
  if (has_head) return refusal();
  return BadAnswer{
      "the server hung up before it had answered: is this a WebSocket server, and is ws or wss "
      "right?"};
}

Opening::Event Opening::judge(const http::ResponseReader::Event& event) {
  if (std::holds_alternative<http::NeedMore>(event)) return http::NeedMore{};
  if (const auto* fault = std::get_if<http::Fault>(&event))
    return BadAnswer{
        fmt::format("the answer is not HTTP ({}): is this a WebSocket server, and is "
                    "ws or wss right?",
                    fault->reason)};
  return refusal();
}

Refused Opening::refusal() const {
  const auto& head = reader_.head();
  const auto text = [&](std::string_view name) {
    return std::string(head.headers.find(name).value_or(""));
  };
  return {head.status, std::string(head.reason), std::string(reader_.body()), text("Location"),
          text("Retry-After")};
}

std::string told(const Refused& refused) {
  const std::string text = fmt::format("the server refused with {}{}{}", refused.status,
                                       refused.reason.empty() ? "" : " ", refused.reason);
  const std::string advice = advice_for(refused);
  std::string body = refused.body.substr(0, told_body_bytes);
  for (char& c : body)
    if (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t') c = ' ';
  while (body.ends_with('\n')) body.pop_back();
  const bool passes = refused.status == 429 || refused.status == 503;  // and its body says why
  if (passes && !body.empty() && body.find('\n') == body.npos)
    return fmt::format("{}: {}; {}", text, body, advice);
  return fmt::format("{}: {}{}{}", text, advice, body.empty() ? "" : "\n", body);
}

}  // namespace orrery::cli
