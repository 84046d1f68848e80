#include "server/accept_pauses.h"

#include "net/descriptors.h"

namespace orrery::server {
namespace {

using observe::AcceptPause;

AcceptPause cause_of(const Node& node, int error) {
  if (error != 0) return AcceptPause::descriptors;
  const bool full = node.connections() >= node.options.connections;
  return full ? AcceptPause::connections : AcceptPause::strangers;
}

void log_pause(const Node& node, AcceptPause cause, int error) {
  observe::Log& log = node.environment.log;
  const std::string_view cure = "`orrery doctor` says how to raise the limit of descriptors";
  const auto descriptors = net::descriptor_limit();
  switch (cause) {
    case AcceptPause::descriptors:
      return log.warn("accepting pauses: no descriptors or memory left",
                      {{"errno", error}, {"descriptors", descriptors}, {"cure", cure}});
    case AcceptPause::connections:
      return log.warn("accepting pauses: no descriptors left for more connections",
                      {{"connections", node.options.connections},
                       {"descriptors", descriptors},
                       {"cure", cure}});
    case AcceptPause::strangers:
      return log.warn("accepting pauses: too many connections without a session",
                      {{"per_loop", node.strangers_per_loop()}, {"descriptors", descriptors}});
  }
}

}  // namespace

void accepting_pauses(LoopServer& on, int error) {
  Node& node = on.node();
  const AcceptPause cause = cause_of(node, error);
  on.counters().accept_pauses[static_cast<std::size_t>(cause)].add();
  if (node.pausing++ == 0) log_pause(node, cause, error);
}

// Whoever drains stops accepting for another reason.
void accepting_goes_on(LoopServer& on) {
  Node& node = on.node();
  if (--node.pausing == 0 && !node.draining) node.environment.log.info("accepting goes on");
}

}  // namespace orrery::server
