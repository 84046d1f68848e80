// orrery: the server and its tools. Which command was meant, and what it answers.
#include <unistd.h>

#include <iostream>

#include "apps/orrery/check.h"
#include "apps/orrery/doctor.h"
#include "apps/orrery/routes.h"
#include "apps/orrery/serve.h"
#include "cli/admin_commands.h"
#include "cli/bench.h"
#include "cli/command_line.h"
#include "cli/config_commands.h"
#include "cli/connect.h"
#include "cli/drain.h"
#include "cli/help.h"
#include "cli/new_gear.h"
#include "config/describe.h"

namespace {

using namespace orrery;

cli::Watched watched() {
  return isatty(STDERR_FILENO) == 1 ? cli::Watched::yes : cli::Watched::no;
}

cli::Exit run(const cli::CommandLine& line) {
  const auto loaded = [&line] { return cli::load_configuration(line); };
  switch (line.command) {
    case cli::Command::serve: return app::serve(loaded, std::cout, std::cerr);
    case cli::Command::config_check:
      return cli::check_configuration(app::looked_through(loaded()), std::cout, std::cerr);
    case cli::Command::config_defaults: return cli::print(config::defaults_text(), std::cout);
    case cli::Command::config_explain:
      return cli::explain_key(line.key, loaded(), std::cout, std::cerr);
    case cli::Command::config_schema: return cli::print(config::schema_text(), std::cout);
    case cli::Command::drain:
      return cli::drain_server(loaded(), line.drain, watched(), std::cout, std::cerr);
    case cli::Command::reload: return cli::reload_server(loaded(), std::cout, std::cerr);
    case cli::Command::status: return cli::print_status(loaded(), line.form, std::cout, std::cerr);
    case cli::Command::kick: return cli::kick_session(loaded(), line.session, std::cout, std::cerr);
    case cli::Command::routes: return app::print_routes(loaded(), std::cout, std::cerr);
    case cli::Command::doctor: return app::examine_machine(loaded(), std::cout, std::cerr);
    case cli::Command::new_gear:
      return cli::write_new_gear(line.name, line.folder, app::version(), std::cout, std::cerr);
    case cli::Command::connect:
      return cli::connect(line.connect, STDIN_FILENO, std::cout, std::cerr);
    case cli::Command::bench: return cli::bench(line.bench, std::cout, std::cerr, watched());
    case cli::Command::version:
      return cli::print("orrery " + std::string(app::version()) + "\n", std::cout);
    case cli::Command::help: return cli::print(cli::help_text(line.about), std::cout);
  }
  return cli::Exit::refused;
}

}  // namespace

int main(int count, char** words) {
  const auto line = cli::parse_command_line({words + 1, words + count});
  if (const auto* misuse = std::get_if<cli::Misuse>(&line)) {
    std::cerr << misuse->text << '\n';
    return static_cast<int>(cli::Exit::refused);
  }
  return static_cast<int>(run(std::get<cli::CommandLine>(line)));
}
