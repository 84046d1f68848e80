// An Opening is the client's opening handshake (RFC 6455 §4.1): a request out, the answer in.
//
// Owner   the ClientConnection, until the session is open.
// Thread  none: bytes in, an event out.
// Limit   http::HeadLimits for the answer.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/random.h"
#include "cli/target.h"
#include "http/response_reader.h"
#include "websocket/handshake.h"

namespace orrery::cli {

/// What every session of a command asks for.
struct OpeningPlan {
  Target target{};
  std::vector<std::string> headers{};  // "Name: value"
  std::vector<std::string> protocols{};
  std::optional<websocket::DeflateParams> compression{};
};

/// The server said no, in HTTP's words.
struct Refused {
  int status = 0;
  std::string reason{};
  std::string body{};
  std::string location{};     // of a redirection
  std::string retry_after{};  // of a 429 or 503
};

/// The answer is none: not HTTP, or a 101 that breaks a rule.
struct BadAnswer {
  std::string text;
};

class Opening {
 public:
  using Event = std::variant<http::NeedMore, websocket::Agreed, Refused, BadAnswer>;

  Opening(const OpeningPlan& plan, Random& random);

  [[nodiscard]] const std::string& request() const { return request_; }
  /// After Agreed the rest of `input` is frames.
  [[nodiscard]] Event next(std::span<char>& input);
  /// The server sent its last byte.
  [[nodiscard]] Event finish();

 private:
  [[nodiscard]] Event judge(const http::ResponseReader::Event& event);
  [[nodiscard]] Refused refusal() const;

  websocket::Asked asked_;
  std::string request_;
  http::ResponseReader reader_{http::HeadLimits{}};
};

/// What happened and what the user can do about it, in a sentence or two; then the body.
[[nodiscard]] std::string told(const Refused& refused);

}  // namespace orrery::cli
