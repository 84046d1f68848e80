#include "http/body_reader.h"

#include <algorithm>

#include "http/characters.h"

namespace orrery::http {
namespace {

constexpr Fault too_large{413, "body too large"};
constexpr Fault bad_chunk{400, "malformed chunk"};
constexpr Fault bad_trailer{400, "malformed trailer"};
constexpr std::size_t small_buffer_bytes = 1024;  // kept from one body to the next

// The value of a hex digit, or -1.
int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

}  // namespace

MaybeFault BodyReader::start(const Framing& framing) {
  reset();
  left_ = framing.bytes;
  switch (framing.body) {
    case Framing::Body::none: state_ = State::done; break;
    case Framing::Body::length: state_ = left_ == 0 ? State::done : State::length; break;
    case Framing::Body::chunked: state_ = State::size; break;
    case Framing::Body::until_end: state_ = State::until_end; break;
  }
  if (framing.body == Framing::Body::length && left_ > limits_.body_bytes) return too_large;
  return std::nullopt;
}

void BodyReader::reset() {
  bytes_.clear();
  if (bytes_.capacity() > small_buffer_bytes) std::string().swap(bytes_);
  left_ = 0;
  overhead_bytes_ = 0;
  digits_ = 0;
  state_ = State::done;
}

std::variant<NeedMore, BodyComplete, Fault> BodyReader::read(std::span<char>& input) {
  while (state_ != State::done) {
    if (input.empty()) return NeedMore{};
    MaybeFault fault;
    if (state_ == State::length || state_ == State::until_end || state_ == State::data) {
      fault = read_bytes(input);
    } else {
      fault = take_framing(input.front());
      input = input.subspan(1);
    }
    if (fault) return *fault;
  }
  return BodyComplete{};
}

MaybeFault BodyReader::read_bytes(std::span<char>& input) {
  auto bytes = input.size();
  if (state_ != State::until_end)
    bytes = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, left_));
  if (bytes > limits_.body_bytes - bytes_.size()) return too_large;
  bytes_.append(input.data(), bytes);
  input = input.subspan(bytes);
  if (state_ == State::until_end) return std::nullopt;
  left_ -= bytes;
  if (left_ == 0) state_ = state_ == State::data ? State::data_cr : State::done;
  return std::nullopt;
}

// One byte of what surrounds the chunks (RFC 9112 §7.1).
MaybeFault BodyReader::take_framing(char c) {
  switch (state_) {
    case State::size: return take_size(c);
    case State::size_space:
    case State::extension:
    case State::extension_text:
    case State::extension_escape: return take_size_line(c);
    case State::size_lf: return c == '\n' ? end_size_line() : bad_chunk;
    case State::data_cr:
      state_ = State::data_lf;
      return c == '\r' ? std::nullopt : MaybeFault(bad_chunk);
    case State::data_lf:
      state_ = State::size;
      digits_ = 0;
      return c == '\n' ? std::nullopt : MaybeFault(bad_chunk);
    default: return take_trailer(c);
  }
}

MaybeFault BodyReader::take_size(char c) {
  const int value = hex_value(c);
  if (value >= 0) {
    if (++digits_ > 16) return Fault{400, "chunk size too long"};
    left_ = left_ * 16 + static_cast<std::uint64_t>(value);
    return std::nullopt;
  }
  if (digits_ == 0) return bad_chunk;
  if (c == '\r') {
    state_ = State::size_lf;
  } else if (c == ';') {
    state_ = State::extension;
  } else if (is_blank(c)) {
    state_ = State::size_space;
  } else {
    return bad_chunk;
  }
  return std::nullopt;
}

// Behind the size: extensions, which nobody uses and which are skipped (RFC 9112 §7.1.1).
MaybeFault BodyReader::take_size_line(char c) {
  if (++overhead_bytes_ > limits_.head_bytes) return Fault{431, "chunk extensions too long"};
  if (state_ == State::extension && c == '\r') {
    state_ = State::size_lf;
    return std::nullopt;
  }
  if (is_control(c)) return bad_chunk;  // a bare CR or LF above all
  if (state_ == State::size_space) {
    if (c == ';')
      state_ = State::extension;
    else if (!is_blank(c))
      return bad_chunk;
  } else if (state_ == State::extension) {
    if (c == '"') state_ = State::extension_text;
  } else if (state_ == State::extension_escape) {
    state_ = State::extension_text;
  } else if (c == '"') {
    state_ = State::extension;
  } else if (c == '\\') {
    state_ = State::extension_escape;
  }
  return std::nullopt;
}

MaybeFault BodyReader::end_size_line() {
  state_ = left_ == 0 ? State::trailer_start : State::data;
  if (left_ > limits_.body_bytes - bytes_.size()) return too_large;
  return std::nullopt;
}

// Trailers are checked for their form and dropped (RFC 9110 §6.5.1).
MaybeFault BodyReader::take_trailer(char c) {
  if (++overhead_bytes_ > limits_.head_bytes) return Fault{431, "trailers too long"};
  switch (state_) {
    case State::trailer_start:
      state_ = c == '\r' ? State::last_lf : State::trailer_name;
      return c == '\r' || is_token_char(c) ? std::nullopt : MaybeFault(bad_trailer);
    case State::trailer_name:
      if (c == ':') state_ = State::trailer_value;
      return c == ':' || is_token_char(c) ? std::nullopt : MaybeFault(bad_trailer);
    case State::trailer_value:
      if (c == '\r') state_ = State::trailer_lf;
      return c == '\r' || !is_control(c) ? std::nullopt : MaybeFault(bad_trailer);
    case State::trailer_lf:
      state_ = State::trailer_start;
      return c == '\n' ? std::nullopt : MaybeFault(bad_trailer);
    default:  // last_lf
      state_ = State::done;
      return c == '\n' ? std::nullopt : MaybeFault(bad_trailer);
  }
}

}  // namespace orrery::http
