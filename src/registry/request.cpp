#include "registry/request.h"

#include <cstdint>

namespace orrery::registry {
namespace {

// The first byte; a number is never used for anything else again.
constexpr char send_to_name = 'S';
constexpr char yield_name = 'Y';
constexpr char answers[] = {'q', 'f', 'n', 'u'};  // in the order of NamePosted

void put(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift));
}

void put(std::string& out, std::string_view text) {
  put(out, std::uint64_t{text.size()});
  out += text;
}

/// Takes fields off the front; once one is missing, all that follow are.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  char letter() {
    const auto bytes = take(1);
    return bytes.empty() ? '\0' : bytes.front();
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (const char byte : take(8)) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }
  std::string text() { return std::string(take(number())); }
  /// All was there, and nothing else.
  [[nodiscard]] bool complete() const { return whole_ && rest_.empty(); }

 private:
  std::string_view take(std::uint64_t bytes) {
    if (!whole_ || bytes > rest_.size()) {
      whole_ = false;
      return {};
    }
    const auto taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  std::string_view rest_;
  bool whole_ = true;
};

PoolKey key_from(Fields& fields) {
  PoolKey key;
  key.pool = fields.text();
  key.name = fields.text();
  return key;
}

std::optional<Request> send_from(Fields& fields) {
  SendToName request{key_from(fields)};
  const char type = fields.letter();
  request.type = type == 'b' ? MessageType::binary : MessageType::text;
  request.payload = fields.text();
  if (!fields.complete() || (type != 'b' && type != 't')) return std::nullopt;
  return request;
}

std::optional<Request> yield_from(Fields& fields) {
  YieldName request{key_from(fields), {}};
  request.claim.high = fields.number();
  request.claim.low = fields.number();
  if (!fields.complete()) return std::nullopt;
  return request;
}

}  // namespace

std::string encode(const Request& request) {
  std::string out;
  if (const auto* send = std::get_if<SendToName>(&request)) {
    out.push_back(send_to_name);
    put(out, send->key.pool);
    put(out, send->key.name);
    out.push_back(send->type == MessageType::binary ? 'b' : 't');
    put(out, send->payload);
  } else if (const auto* yield = std::get_if<YieldName>(&request)) {
    out.push_back(yield_name);
    put(out, yield->key.pool);
    put(out, yield->key.name);
    put(out, yield->claim.high);
    put(out, yield->claim.low);
  }
  return out;
}

std::optional<Request> decode_request(std::string_view bytes) {
  Fields fields(bytes);
  switch (fields.letter()) {
    case send_to_name: return send_from(fields);
    case yield_name: return yield_from(fields);
    default: return std::nullopt;
  }
}

std::string encode(NamePosted answer) {
  return {answers[static_cast<std::size_t>(answer)]};
}

NamePosted decode_answer(std::string_view bytes) {
  for (std::size_t i = 0; i < sizeof answers; ++i)
    if (bytes.size() == 1 && bytes.front() == answers[i]) return static_cast<NamePosted>(i);
  return NamePosted::unavailable;
}

}  // namespace orrery::registry
