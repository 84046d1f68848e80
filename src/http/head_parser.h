// The grammar of a complete head: a thin cover over Boost.Beast's HTTP parser.
//
// Owner   the caller owns the bytes; the head that is filled in holds views into them.
// Thread  none.
// Why     one .cpp knows Beast: it compiles slowly, and it alone would accept too much (what it
//         lets pass is refused by HeadScanner and by framing.h).
#pragma once

#include <string_view>

#include "http/events.h"
#include "http/head.h"

namespace orrery::http {

/// `bytes` is a whole head with its closing empty line.
[[nodiscard]] MaybeFault parse_request_head(std::string_view bytes, RequestHead& head);
[[nodiscard]] MaybeFault parse_response_head(std::string_view bytes, ResponseHead& head);

}  // namespace orrery::http
