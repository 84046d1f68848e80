// What to answer when a file is asked for: the whole of it, a part, or only that it did not change.
//
// Thread  none: a pure decision; reading the file is the caller's work.
// Limit   one range per answer; several ranges get the whole file (RFC 9110 §14.2 allows it).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/file_source.h"
#include "http/head.h"

namespace orrery::http {

struct FileAnswer {
  struct Field {
    std::string_view name;
    std::string value;
  };

  int status = 200;
  std::vector<Field> headers;  // without Content-Length and Date, which the writer adds
  std::uint64_t offset = 0;    // of the part to send
  std::uint64_t length = 0;    // its bytes; for HEAD those that GET would send

  /// For append_response_head(); valid as long as this answer.
  [[nodiscard]] std::vector<Header> header_views() const;
};

[[nodiscard]] FileAnswer answer_file(const RequestHead& request, const FileInfo& file,
                                     std::string_view cache_control = "no-cache");

}  // namespace orrery::http
