#include "apps/orrery/doctor.h"

#include <ostream>

#include "apps/orrery/assemble.h"
#include "apps/orrery/passed_sockets.h"
#include "cli/config_commands.h"
#include "cli/doctor.h"
#include "cli/this_machine.h"

namespace orrery::app {

cli::Exit examine_machine(const config::Loaded& configuration, std::ostream& out,
                          std::ostream& errors) {
  cli::print_diagnostics(configuration, errors);
  if (!configuration.ok()) return cli::Exit::refused;
  const config::Tree& tree = configuration.tree;
  const auto found = listeners(tree.server);
  if (!found) {
    errors << "orrery doctor: server.address: " << found.error() << '\n';
    return cli::Exit::failed;
  }
  std::vector<std::string> addresses;
  for (const auto& [address, tls] : *found) addresses.push_back(address);
  addresses.push_back(admin_address(tree.admin));
  std::erase_if(addresses,
                PassedSockets::are_meant_by);  // systemd opens them, for the server alone
  return cli::print_findings(cli::examine(tree, addresses, cli::ThisMachine()), out);
}

}  // namespace orrery::app
