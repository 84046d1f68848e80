// The commands that ask a running server: they find its admin listener through the configuration.
//
// Thread  one, which waits for the answer.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cli/admin_client.h"
#include "cli/command_line.h"
#include "config/load.h"
#include "config/value.h"

namespace orrery::cli {

/// `orrery reload`: says which changed keys act now, and which need a restart.
Exit reload_server(const config::Loaded& loaded, std::ostream& out, std::ostream& errors);
/// `orrery status`: one line per fact and per problem, or the JSON as it came.
Exit print_status(const config::Loaded& loaded, Form form, std::ostream& out, std::ostream& errors);
/// `orrery kick ID`: closes a session with 4002; an id that no session has is an error.
Exit kick_session(const config::Loaded& loaded, std::string_view id, std::ostream& out,
                  std::ostream& errors);

// --- What the commands above and `orrery drain` (drain.h) have in common ------------------------

/// Whether the server can be asked; says what is wrong with the configuration.
bool can_ask(const config::Loaded& loaded, std::ostream& errors);
/// The body of a 2xx; otherwise says on `errors` what is wrong.
std::optional<std::string> answer_to(const AdminQuestion& question, const config::Loaded& loaded,
                                     std::ostream& errors);
/// Of an answer that is a JSON object.
std::optional<config::Object> members_of(const std::string& body);
/// The value of that name, if it is a T.
template <typename T>
const T* member(const config::Object& object, std::string_view name) {
  for (const auto& each : object)
    if (each.name == name) return std::get_if<T>(&each.value.data);
  return nullptr;
}

}  // namespace orrery::cli
