// What an Endpoint saw, as lines of text: the language of this folder's tests and fuzz targets.
//
// Owner   nobody: not part of the library.
// Thread  any.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "websocket/endpoint.h"

namespace orrery::websocket {

/// One way in which bytes may arrive.
using Pieces = std::vector<std::string>;

/// Whole, cut in two at every byte, and byte by byte.
inline std::vector<Pieces> every_cut(const std::string& bytes) {
  std::vector<Pieces> cuts = {{bytes}};
  for (std::size_t at = 1; at < bytes.size(); ++at)
    cuts.push_back({bytes.substr(0, at), bytes.substr(at)});
  cuts.emplace_back();
  for (const char byte : bytes) cuts.back().emplace_back(1, byte);
  return cuts;
}

inline std::string line_of(const Event& event) {
  struct Lines {
    std::string operator()(const NeedMore&) const { return {}; }
    std::string operator()(const MessageArrived& m) const {
      return fmt::format("{} {}\n", m.opcode == Opcode::text ? "text" : "binary", m.payload);
    }
    std::string operator()(const PingArrived& p) const {
      return fmt::format("ping {}\n", p.payload);
    }
    std::string operator()(const PongArrived& p) const {
      return fmt::format("pong {}\n", p.payload);
    }
    std::string operator()(const CloseArrived& c) const {
      return c.code == 0 ? "close\n" : fmt::format("close {} {}\n", c.code, c.reason);
    }
    std::string operator()(const Fault& f) const {
      return fmt::format("{} {}\n", f.code, f.reason);
    }
  };
  return std::visit(Lines{}, event);
}

/// Feeds `pieces` one by one, each from memory of exactly its size, and writes down every event.
inline std::string transcript_of(Endpoint& endpoint, const Pieces& pieces) {
  std::string transcript;
  for (const auto& piece : pieces) {
    std::vector<char> bytes(piece.begin(), piece.end());
    std::span<char> input(bytes);
    while (true) {
      const Event event = endpoint.next(input, Time{});
      if (std::holds_alternative<NeedMore>(event)) break;
      transcript += line_of(event);
    }
    if (!input.empty()) transcript += "input left over\n";
  }
  return transcript;
}

}  // namespace orrery::websocket
