#include "apps/orrery/admin_listener.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "apps/orrery/serve.h"

namespace orrery::app {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  const bool known = ::gethostname(name.data(), name.size() - 1) == 0;
  return known ? name.data() : "this node";
}

// Who listens says how to mend it, with the key of the server's listeners.
std::string with_own_key(std::string why) {
  constexpr std::string_view key = "server.port";
  if (const auto at = why.find(key); at != why.npos) why.replace(at, key.size(), "admin.port");
  return why;
}

ServerOptions options_with(observe::Log& log) {
  ServerOptions options;
  options.threads = 1;
  options.connections = AdminListener::most_connections;
  options.log = [&log](LogLevel level, std::string_view line) {
    const observe::LogField said("line", observe::quoted(line));
    log.write(static_cast<observe::Level>(level), "admin", {&said, 1});
  };
  return options;
}

}  // namespace

AdminListener::AdminListener(const std::string& address, const std::string& token,
                             admin::NodeControl node, observe::Log& log)
    : gear_(std::move(node), {token, {host_name(), std::string(version())}}),
      server_(options_with(log)) {
  server_.mount(gear_, "/");
  server_.listen(address);
}

// A probe that keeps its connection must not hold the process.
AdminListener::~AdminListener() {
  server_.drain({.delay = 0s, .spread = 0s, .reconnect_spread = 0s, .deadline = last_words});
}

Result<void> AdminListener::start() {
  const auto started = server_.start();
  if (started) return {};
  return Error{fmt::format("admin.address, admin.port: {}", with_own_key(started.error()))};
}

}  // namespace orrery::app
