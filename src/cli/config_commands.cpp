#include "cli/config_commands.h"

#include <ostream>

#include "config/describe.h"

namespace orrery::cli {

config::Loaded load_configuration(const CommandLine& line) {
  config::Sources sources;
  sources.environment = config::process_environment();
  sources.sets = line.sets;
  auto file = config::find_file(line.config_file);
  if (file) sources.file = std::move(*file);
  config::Loaded loaded = config::load(sources);
  if (file) return loaded;
  loaded.errors.insert(loaded.errors.begin(), {"", 0, 0, "", file.error()});
  loaded.admin_known = false;
  return loaded;
}

void print_diagnostics(const config::Loaded& loaded, std::ostream& out) {
  for (const auto& error : loaded.errors) out << error.text() << '\n';
  for (config::Diagnostic warning : loaded.warnings) {
    warning.message.insert(0, "warning: ");
    out << warning.text() << '\n';
  }
  out.flush();
}

Exit check_configuration(const config::Loaded& loaded, std::ostream& out, std::ostream& errors) {
  print_diagnostics(loaded, errors);
  if (!loaded.ok()) return Exit::refused;
  for (const auto& key : loaded.inactive)
    out << key << " is accepted, but does not act in this release\n";
  out << "the configuration is fine\n";
  return Exit::ok;
}

Exit explain_key(const std::string& key, const config::Loaded& loaded, std::ostream& out,
                 std::ostream& errors) {
  const auto text = config::explain(key, &loaded);
  if (text) {
    out << *text;
    return Exit::ok;
  }
  errors << "orrery config explain: " << text.error()
         << " (`orrery config defaults` shows all keys)\n";
  return Exit::refused;
}

Exit print(std::string_view text, std::ostream& out) {
  out << text;
  return Exit::ok;
}

}  // namespace orrery::cli
