// What blocks must not hold a loop: it runs on the worker threads of the session's pool, still one
// callback at a time.
#include <netdb.h>
#include <orrery/orrery.h>

#include "until_signal.h"

using namespace orrery;

// Asks a name server, which may take seconds; nobody else waits for it meanwhile.
std::string resolve(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_INET;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &wanted, &found))
    return std::string("? ") + gai_strerror(error);
  char address[NI_MAXHOST] = "?";
  getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, nullptr, 0,
              NI_NUMERICHOST);
  freeaddrinfo(found);
  return address;
}

// All callbacks of this one run on workers. What it sends goes out when the callback returns, or
// at once with flush().
struct Resolver {
  int asked = 0;  // needs no lock
  void on_message(WorkerSession& client, Message message) {
    client.send("asking");
    client.flush();
    const std::string answer = resolve(std::string(message.text()));
    client.send(std::to_string(++asked) + ": " + answer);
  }
};

// This one only leaves its loop where it has to. What the worker needs it is given, by value.
Task<> converse(Session& client) {
  while (const auto message = co_await client.receive()) {
    const auto answer = co_await client.on_workers(resolve, std::string(message->text()));
    client.send(answer);
  }
}

int main(int argc, char** argv) {
  ServerOptions options;
  options.pools["gear:main"] = {.workers = 4, .worker_queue = 100};
  Server server(options);
  server.websocket<Resolver>("/resolver").on_workers();
  server.websocket("/conversation", converse);
  return examples::serve_until_signal(server, argc, argv);
}
