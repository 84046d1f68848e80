#include "cli/admin_commands.h"

#include <fmt/format.h>

#include <ostream>

#include "cli/admin_client.h"
#include "cli/config_commands.h"
#include "config/parse.h"

namespace orrery::cli {
namespace {

// What a number, a text or a yes-or-no says.
std::string words_of(const config::Value& value) {
  if (const auto* yes = std::get_if<bool>(&value.data)) return *yes ? "yes" : "no";
  if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
  return config::found(value);
}

// The body of a 2xx; otherwise says on `errors` what is wrong.
std::optional<std::string> answer_to(const AdminQuestion& question, const config::Loaded& loaded,
                                     std::ostream& errors) {
  const auto answer = ask_admin(loaded.tree.admin, question);
  if (!answer) {
    errors << "orrery: " << answer.error() << '\n';
    return std::nullopt;
  }
  if (answer->status / 100 == 2) return answer->body;
  errors << fmt::format("orrery: the admin listener answered {}: {}", answer->status, answer->body);
  if (!answer->body.ends_with('\n')) errors << '\n';
  return std::nullopt;
}

std::optional<config::Object> members_of(const std::string& body) {
  auto parsed = config::parse(body);
  auto* value = std::get_if<config::Value>(&parsed);
  auto* object = value ? std::get_if<config::Object>(&value->data) : nullptr;
  if (!object) return std::nullopt;
  return std::move(*object);
}

}  // namespace

Exit drain_server(const config::Loaded& loaded, std::ostream& out, std::ostream& errors) {
  print_diagnostics(loaded, errors);
  if (!loaded.ok()) return Exit::refused;
  const auto body = answer_to({.method = "POST", .path = "/api/drain"}, loaded, errors);
  if (!body) return Exit::failed;
  out << "draining; the server ends when its sessions are gone, or at drain.deadline\n";
  return Exit::ok;
}

Exit print_status(const config::Loaded& loaded, Form form, std::ostream& out,
                  std::ostream& errors) {
  print_diagnostics(loaded, errors);
  if (!loaded.ok()) return Exit::refused;
  const auto body = answer_to({}, loaded, errors);
  if (!body) return Exit::failed;
  if (form == Form::json) {
    out << *body;
    return Exit::ok;
  }
  const auto members = members_of(*body);
  if (!members) {
    errors << "orrery: the admin listener's answer is no JSON object: is it an Orrery?\n";
    return Exit::failed;
  }
  for (const auto& member : *members)
    out << fmt::format("{:<10} {}\n", member.name, words_of(member.value));
  return Exit::ok;
}

}  // namespace orrery::cli
