// Requests as a text that tests and fuzz targets can compare: the same bytes must give the same
// transcript, however they were cut.
//
// Thread  none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/request_reader.h"

namespace orrery::http {

/// "GET /x HTTP/1.1 Host=h" and "complete BODY" lines; "431 reason" ends it.
inline std::string transcript_of(const std::vector<std::string>& pieces, HeadLimits limits = {}) {
  RequestReader reader(limits);
  std::string text;
  for (auto piece : pieces) {
    std::span<char> input(piece);
    while (true) {
      const auto event = reader.next(input);
      if (std::holds_alternative<NeedMore>(event)) break;
      if (const auto* fault = std::get_if<Fault>(&event))
        return text + std::to_string(fault->status) + " " + fault->reason + "\n";
      if (std::holds_alternative<HeadArrived>(event)) {
        const auto& head = reader.head();
        text.append(head.method).append(" ").append(head.target);
        text += " HTTP/1." + std::to_string(head.minor_version);
        for (const auto& header : head.headers)
          text.append(" ").append(header.name).append("=").append(header.value);
        text += "\n";
      } else {
        text.append("complete ").append(reader.body()).append("\n");
        reader.reset();
      }
    }
  }
  return text;
}

/// The bytes cut in two at every place, whole, and one by one.
inline std::vector<std::vector<std::string>> every_cut(std::string_view bytes) {
  std::vector<std::vector<std::string>> cuts{{std::string(bytes)}, {}};
  for (const char c : bytes) cuts[1].emplace_back(1, c);
  for (std::size_t at = 1; at < bytes.size(); ++at)
    cuts.push_back({std::string(bytes.substr(0, at)), std::string(bytes.substr(at))});
  return cuts;
}

}  // namespace orrery::http
