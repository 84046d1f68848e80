// What a configuration does to handlers that no bundled gear has: those that block, wait, or leave
// their server messages unread. They are the gear "echo" below /gate, and go on when a row lets
// them.
//
//   keys_server [--config FILE] [--set KEY=VALUE]...
//
// It reads its configuration as `orrery serve` does, listens on a free port of 127.0.0.1, says
// which on stdout, opens the gate on SIGUSR1, and ends on SIGTERM.
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <string>

#include "apps/orrery/assemble.h"
#include "cli/config_commands.h"
#include "orrery/orrery.h"

namespace {

using namespace orrery;

// Where callbacks stand until the row has seen what it came for.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

// It sleeps from its first message until the gate opens; its mailbox fills meanwhile.
struct Sleeper {
  explicit Sleeper(Gate& gate) : gate_(gate) {}
  Task<> on_open(Session& client) {
    co_await client.register_name("sleeper");
    client.send("ready");
  }
  Task<> on_message(Session& client, Message) {
    client.send("sleeping");
    co_await client.on_workers([this] { gate_.pass(); });
  }
  void on_server_message(Session& client, ServerMessage message) { client.send(message.text()); }

 private:
  Gate& gate_;
};

Task<Admission<>> admit_behind(Gate& gate, Handshake& hello) {
  co_await hello.on_workers([&gate] { gate.pass(); });
  co_return accept();
}

// Sends the sleeper so many messages of so many bytes; how many found room.
Response post(const Server& server, const Request& request) {
  const auto number = [&](std::string_view name) {
    return std::stoul(request.query(name).value_or("0"));
  };
  const std::string text(number("bytes"), 'x');
  std::size_t queued = 0;
  for (std::size_t left = number("count"); left > 0; --left)
    if (server.sender("gear:echo").send_to_name("sleeper", text) == NamePosted::queued) ++queued;
  return Response::text(std::to_string(queued));
}

void declare(Server& server, Gate& gate) {
  server.routes().gear("echo", "/gate", [&](Router& routes) {
    routes.pool([](const Request& request) { return request.query("pool").value_or(""); });
    routes.websocket<Sleeper>("/sleeper", std::ref(gate));
    routes.websocket("/holds", [&gate](Session& client, Message message) {
      gate.pass();
      client.send(message);
    });
    routes
        .websocket("/blocks",
                   [&gate](WorkerSession& client, Message message) {
                     gate.pass();
                     client.send(message);
                   })
        .on_workers();
    routes.websocket("/admits", [](Session& client, Message message) { client.send(message); })
        .admit([&gate](Handshake& hello) { return admit_behind(gate, hello); });
    routes.get("/post", [&server](const Request& request) { return post(server, request); });
    routes.get("/metrics", [&server](const Request&) { return Response::text(server.metrics()); });
  });
}

int serve(Server& server, Gate& gate, const sigset_t& signals) {
  declare(server, gate);
  server.listen("127.0.0.1:0");
  if (const auto started = server.start(); !started) {
    std::cerr << started.error() << '\n';
    return 1;
  }
  for (const auto& address : server.addresses()) std::cout << "listening " << address << std::endl;
  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGUSR1) gate.open();
  gate.open();
  server.stop();
  server.join();
  return 0;
}

}  // namespace

int main(int count, char** words) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGUSR1}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::vector<std::string> command{"serve"};
  command.insert(command.end(), words + 1, words + count);
  const auto line = cli::parse_command_line(std::move(command));
  if (const auto* misuse = std::get_if<cli::Misuse>(&line)) {
    std::cerr << misuse->text << '\n';
    return 2;
  }
  const auto loaded = cli::load_configuration(std::get<cli::CommandLine>(line));
  cli::print_diagnostics(loaded, std::cerr);
  if (!loaded.ok()) return 2;
  Gate gate;
  Server server(app::server_options(loaded.tree));
  return serve(server, gate, signals);
}
