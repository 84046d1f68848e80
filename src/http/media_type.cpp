#include "http/media_type.h"

#include <algorithm>
#include <array>

#include "http/head.h"

namespace orrery::http {
namespace {

struct Type {
  std::string_view extension;
  std::string_view media_type;
};

constexpr std::array types{
    Type{"html", "text/html; charset=utf-8"},
    Type{"htm", "text/html; charset=utf-8"},
    Type{"css", "text/css; charset=utf-8"},
    Type{"js", "text/javascript; charset=utf-8"},
    Type{"mjs", "text/javascript; charset=utf-8"},
    Type{"json", "application/json"},
    Type{"map", "application/json"},
    Type{"webmanifest", "application/manifest+json"},
    Type{"svg", "image/svg+xml"},
    Type{"png", "image/png"},
    Type{"jpg", "image/jpeg"},
    Type{"jpeg", "image/jpeg"},
    Type{"gif", "image/gif"},
    Type{"webp", "image/webp"},
    Type{"avif", "image/avif"},
    Type{"ico", "image/x-icon"},
    Type{"woff2", "font/woff2"},
    Type{"woff", "font/woff"},
    Type{"ttf", "font/ttf"},
    Type{"otf", "font/otf"},
    Type{"wasm", "application/wasm"},
    Type{"txt", "text/plain; charset=utf-8"},
    Type{"md", "text/markdown; charset=utf-8"},
    Type{"csv", "text/csv; charset=utf-8"},
    Type{"xml", "text/xml; charset=utf-8"},
    Type{"pdf", "application/pdf"},
    Type{"mp3", "audio/mpeg"},
    Type{"ogg", "audio/ogg"},
    Type{"mp4", "video/mp4"},
    Type{"webm", "video/webm"},
    Type{"zip", "application/zip"},
    Type{"gz", "application/gzip"},
};

}  // namespace

std::string_view media_type(std::string_view file_name) {
  const auto dot = file_name.rfind('.');
  const auto extension = dot == std::string_view::npos ? "" : file_name.substr(dot + 1);
  const auto at = std::find_if(types.begin(), types.end(),
                               [&](const Type& t) { return same_name(t.extension, extension); });
  return at == types.end() ? "application/octet-stream" : at->media_type;
}

}  // namespace orrery::http
