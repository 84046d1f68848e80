// The server of handshake rows that need a gear's own words: admissions, plugs, broken handlers.
//
//   admission_server [CERTIFICATE KEY]
//
// It listens on a free port of 127.0.0.1, says which on stdout, and ends on SIGTERM.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>

#include "orrery/orrery.h"

namespace {

using namespace orrery;
using namespace std::chrono_literals;

// How often what ran: rows read it to see that nothing ran that must not.
struct Counts {
  std::atomic<int> admitted{0}, opened{0}, closed{0};
};

void echo(Session& client, Message message) {
  client.send(message);
}

struct Counted {
  explicit Counted(Counts& counts) : counts_(counts) {}
  void on_open(Session&) { ++counts_.opened; }
  void on_message(Session& client, Message message) {
    if (message.text() == "throw") throw std::runtime_error("asked to");
    if (message.text() == "close") client.close(4000, "asked to");
    client.send(message);
  }
  void on_close(Session&, const CloseCause&) { ++counts_.closed; }

 private:
  Counts& counts_;
};

struct ThrowsWhenBuilt {
  ThrowsWhenBuilt() { throw std::runtime_error("no handler today"); }
  void on_message(Session&, Message) {}
};

struct ThrowsOnOpen {
  void on_open(Session&) { throw std::runtime_error("no session today"); }
  void on_message(Session&, Message) {}
};

// Asks a worker who never says, and one who says at once.
Task<Admission<>> ask_in_vain(Handshake& hello) {
  const auto wait = [] { std::promise<void>().get_future().wait_for(2s); };
  co_await hello.on_workers(wait);
  co_return accept();
}
Task<Admission<>> ask_elsewhere(Handshake& hello) {
  const auto look_up = [](const std::string& token) { return token == "known"; };
  const bool known = co_await hello.on_workers(look_up, std::string(hello.request.bearer_token()));
  if (!known) co_return reject(401, "sign in first");
  co_return accept();
}

struct Greets {
  void on_open(Session& client) {
    client.send("welcome");
    client.send("again");
  }
  void on_message(Session& client, Message message) { client.send(message); }
};

struct ForUser {
  explicit ForUser(std::string user) : user_(std::move(user)) {}
  void on_open(Session& client) { client.send("hello " + user_); }
  void on_message(Session& client, Message message) { client.send(message); }

 private:
  std::string user_;
};

struct ShowsRequest {
  void on_open(Session& client) {
    const Request& request = client.request();
    client.send(text({request.param("name"), "|", request.param("rest"), "|",
                      request.query("q").value_or("nothing")}));
  }
  void on_message(Session& client, Message) { client.send(client.request().path()); }
};

void refusals(Router& routes) {
  routes.websocket("/later/never", echo).admit(ask_in_vain).limits({.admission_timeout = 200ms});
  routes.websocket("/later", echo).admit(ask_elsewhere);
  routes.websocket("/refused", echo).admit([](Handshake&) -> Admission<> { return reject(); });
  routes.websocket("/refused/fully", echo).admit([](Handshake&) -> Admission<> {
    return reject(Response::text("sign in first", 401)
                      .with("WWW-Authenticate", "Bearer")
                      .with_cookie("visit", "first"));
  });
  routes.websocket("/refused/redirect", echo).admit([](Handshake&) -> Admission<> {
    return reject(Response::redirect("/elsewhere"));
  });
  routes.websocket("/halted", echo).plug([](Exchange&) -> std::optional<Response> {
    return Response::json("{\"halted\":true}", 403);
  });
  routes.websocket("/closed-at-once", echo).admit([](Handshake&) -> Admission<> {
    return accept_then_close(4401, "sign in first");
  });
}

void throwers(Router& routes) {
  routes.websocket("/throws/admit", echo).admit([](Handshake&) -> Admission<> {
    throw std::runtime_error("no admission today");
  });
  routes.websocket("/throws/plug", echo).plug([](Exchange&) -> std::optional<Response> {
    throw std::runtime_error("no plug today");
  });
  routes.websocket<ThrowsWhenBuilt>("/throws/constructor");
  routes.websocket<ThrowsOnOpen>("/throws/open");
  routes.get("/throws/plain",
             [](const Request&) -> Response { throw std::runtime_error("no answer today"); });
}

void acceptances(Router& routes, Counts& counts) {
  routes.websocket<Greets>("/greets");
  routes.websocket<ShowsRequest>("/shows/:name/*rest");
  routes.websocket<ForUser>("/user").admit([](Handshake& hello) -> Admission<std::string> {
    const auto user = hello.request.query("user");
    if (!user) return reject(401, "who are you?");
    hello.set_cookie("user", *user);
    return accept(*user);
  });
  routes.websocket("/plugged", echo)
      .plug([](Exchange& exchange) -> std::optional<Response> {
        exchange.set_header("X-First", "1");
        exchange.set_cookie("visit", "first");
        return std::nullopt;
      })
      .plug([](Exchange& exchange) -> std::optional<Response> {
        exchange.set_header("X-Second", "2");
        return std::nullopt;
      });
  routes.websocket("/expires", echo).admit([](Handshake&) -> Admission<> {
    return accept().until(std::chrono::system_clock::now() + 1s);
  });
  const auto count = [&counts](Handshake&) -> Admission<> {
    ++counts.admitted;
    return accept();
  };
  routes.websocket<Counted>("/counted", std::ref(counts)).admit(count);
  routes.get("/counts", [&counts](const Request&) {
    return Response::text(std::to_string(counts.admitted) + " " + std::to_string(counts.opened) +
                          " " + std::to_string(counts.closed));
  });
}

void subprotocols(Router& routes) {
  routes.websocket("/speaks/chosen", echo).admit([](Handshake& hello) -> Admission<> {
    const auto dialect = hello.choose({"feed.v2", "feed.v1"});
    if (!dialect) return reject(400, "no subprotocol in common");
    return accept().speaking(*dialect);
  });
  routes.websocket("/speaks/not-offered", echo).admit([](Handshake&) -> Admission<> {
    return accept().speaking("feed.v9");
  });
  routes.websocket("/speaks/required", echo)
      .subprotocols({"feed.v2", "feed.v1"}, SubprotocolRule::required);
  routes.websocket("/speaks/optional", echo).subprotocols({"feed.v2", "feed.v1"});
}

void lists(Router& routes) {
  routes.websocket("/lists", [](Session& client, Message message) {
    client.send({text({"a", message.text(), "c"}), binary(message.payload()), ping("p"),
                 close(4000, "done"), text("never")});
    client.send("never either");
  });
  routes.websocket("/closes/empty", [](Session& client, Message) { client.close(); });
  routes.websocket("/both", echo);
  routes.get("/both", [](const Request&) { return Response::text("plain"); });
}

}  // namespace

int main(int count, char** words) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Counts counts;
  Server server;
  refusals(server.routes());
  throwers(server.routes());
  acceptances(server.routes(), counts);
  subprotocols(server.routes());
  lists(server.routes());
  server.listen("127.0.0.1:0", count == 3 ? std::optional(Tls{words[1], words[2]}) : std::nullopt);
  if (const auto started = server.start(); !started) {
    std::fprintf(stderr, "%s\n", started.error().c_str());
    return 1;
  }
  for (const auto& address : server.addresses()) std::printf("listening %s\n", address.c_str());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  server.stop();
  server.join();
  return 0;
}
