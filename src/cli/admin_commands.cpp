#include "cli/admin_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/config_commands.h"
#include "config/parse.h"

namespace orrery::cli {

bool can_ask(const config::Loaded& loaded, std::ostream& errors) {
  print_diagnostics(loaded, errors);
  if (loaded.ok()) return true;
  errors << (loaded.admin_known
                 ? "orrery: the server is asked all the same: what admin.* says could be read\n"
                 : "orrery: no server was asked, and one that runs goes on as before: mend this, "
                   "or say where its admin listener is: --set admin.port=PORT, and --set "
                   "admin.token=TOKEN if it has one; SIGTERM drains it, too, SIGHUP reloads\n");
  return loaded.admin_known;
}

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

namespace {

// What a number, a text or a yes-or-no says.
std::string words_of(const config::Value& value) {
  if (const auto* yes = std::get_if<bool>(&value.data)) return *yes ? "yes" : "no";
  if (const auto* text = std::get_if<std::string>(&value.data)) return *text;
  return config::found(value);
}

// The texts of a list in an answer; none if it has no such list.
std::vector<std::string> texts_in(const config::Object& report, std::string_view name) {
  std::vector<std::string> texts;
  if (const auto* const list = member<config::List>(report, name))
    for (const auto& each : *list)
      if (const auto* text = std::get_if<std::string>(&each.data)) texts.push_back(*text);
  return texts;
}

// Sentences, such as "Pool gear:chat has no places left: 10 of 10."
void print_problems(const config::Object& status, std::ostream& out) {
  const auto* const problems = member<config::List>(status, "problems");
  if (problems == nullptr) return;
  for (const auto& each : *problems)
    if (const auto* problem = std::get_if<config::Object>(&each.data))
      if (const auto* text = member<std::string>(*problem, "text"))
        out << fmt::format("{:<10} {}\n", "problem", *text);
}

// It becomes part of a path.
bool is_session_id(std::string_view id) {
  return std::ranges::count(id, '.') == 2 && id.find("..") == id.npos && !id.starts_with('.') &&
         !id.ends_with('.') && id.find_first_not_of("0123456789.") == id.npos;
}

// The server's own report.
Exit print_reload(const config::Loaded& loaded, std::ostream& out, std::ostream& errors) {
  const auto answer = ask_admin(loaded.tree.admin, {.method = "POST", .path = "/api/reload"});
  if (!answer) {
    errors << "orrery: " << answer.error() << '\n';
    return Exit::failed;
  }
  const auto report = members_of(answer->body);
  if (!report) {
    errors << fmt::format("orrery: the admin listener answered {}: {}\n", answer->status,
                          answer->body);
    return Exit::failed;
  }
  for (const auto& text : texts_in(*report, "errors")) errors << text << '\n';
  if (answer->status / 100 != 2) {
    errors << "orrery: the server goes on with its old configuration\n";
    return Exit::failed;
  }
  const auto applied = texts_in(*report, "applied");
  for (const auto& key : applied) out << key << " acts from now on\n";
  for (const auto& key : texts_in(*report, "needs_restart")) out << key << " needs a restart\n";
  if (applied.empty())
    out << "nothing that acts at once has changed; certificates were read again\n";
  return Exit::ok;
}

}  // namespace

Exit reload_server(const config::Loaded& loaded, std::ostream& out, std::ostream& errors) {
  const bool told_by_server = !loaded.ok() && loaded.admin_known;
  if (!told_by_server && !can_ask(loaded, errors)) return Exit::refused;
  return print_reload(loaded, out, errors);
}

Exit print_status(const config::Loaded& loaded, Form form, std::ostream& out,
                  std::ostream& errors) {
  if (!can_ask(loaded, errors)) return Exit::refused;
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
  for (const auto& [name, place, value] : *members)
    if (!std::holds_alternative<config::List>(value.data))
      out << fmt::format("{:<10} {}\n", name, words_of(value));
  print_problems(*members, out);
  return Exit::ok;
}

Exit kick_session(const config::Loaded& loaded, std::string_view id, std::ostream& out,
                  std::ostream& errors) {
  if (!can_ask(loaded, errors)) return Exit::refused;
  if (!is_session_id(id)) {
    errors << fmt::format("orrery: {} is no session's ID; they look like 0.17.3\n", id);
    return Exit::refused;
  }
  const std::string path = fmt::format("/api/sessions/{}/close", id);
  if (!answer_to({.method = "POST", .path = path}, loaded, errors)) return Exit::failed;
  out << id << " is told to go, with 4002\n";
  return Exit::ok;
}

}  // namespace orrery::cli
