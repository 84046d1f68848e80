// The wording of a message: its id, and behind it what makes some of them long enough to be
// compressed, to be charged to a pool, and to be damaged.
//
// Owner   none: functions.
// Thread  any.
#pragma once

#include <string>
#include <string_view>

namespace orrery::simulation {

/// The same for the same id.
[[nodiscard]] std::string wording_of(std::string_view id);
/// The id of a message, whatever stands behind it.
[[nodiscard]] std::string_view id_in(std::string_view text);
/// Whether it is the wording of its id, to the last byte.
[[nodiscard]] bool is_whole(std::string_view text);

}  // namespace orrery::simulation
