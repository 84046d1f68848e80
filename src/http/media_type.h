// Content types by file name.
//
// Thread  none: a pure function.
#pragma once

#include <string_view>

namespace orrery::http {

/// The Content-Type for a file of this name, by its extension in any case; text types say that they
/// are UTF-8. "application/octet-stream" for an extension that is not known.
[[nodiscard]] std::string_view media_type(std::string_view file_name);

}  // namespace orrery::http
