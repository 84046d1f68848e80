// The configuration file is hostile input until it is read: no text may crash the reader, and what
// our comment-blanking parser takes must be what Boost.JSON takes when it is given the text at
// once. Texts with `**/` are not compared: Boost.JSON 1.81 misses the end of most such comments.
#include <boost/json/parse.hpp>
#include <cstdint>
#include <cstdlib>

#include "config/load.h"
#include "config/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace orrery::config;
  const std::string text(reinterpret_cast<const char*>(data), size);

  boost::json::parse_options options;
  options.allow_comments = true;
  options.allow_trailing_commas = true;
  boost::json::error_code error;
  boost::json::parse(text, error, {}, options);
  const bool parsed = std::holds_alternative<Value>(parse(text));
  const bool comparable = text.find("**/") == text.npos;
  if (comparable && parsed == error.failed()) std::abort();

  Sources sources;
  sources.file = File{"fuzz", text};
  sources.sets = {text};
  sources.environment = {{"ORRERY_SERVER__PROTOCOLS", text}};
  for (const auto& each : load(sources).errors)
    if (each.text().empty()) std::abort();
  return 0;
}
