// How many allocations does an echoed message cost?
//
// None: a row that is not 0.00 fails the program. The server is in this process, its clients on
// another thread. Everything that allocates goes through the functions below (operator new calls
// malloc), and is counted on the server's thread only, which the handlers mark.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>
#include <string>

#include "benchmarks/rig/listeners.h"
#include "benchmarks/rig/load.h"
#include "orrery/orrery.h"

namespace {

using namespace orrery;
using namespace orrery::benchmarks;

thread_local bool is_servers_thread = false;
std::atomic<std::uint64_t> allocations{0};

void* counted(void* memory) noexcept {
  if (is_servers_thread) allocations.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

}  // namespace

// The C library's own names for what is replaced.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);

void* malloc(std::size_t bytes) noexcept {
  return counted(__libc_malloc(bytes));
}
void* calloc(std::size_t count, std::size_t bytes) noexcept {
  return counted(__libc_calloc(count, bytes));
}
void* realloc(void* memory, std::size_t bytes) noexcept {
  return counted(__libc_realloc(memory, bytes));
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return counted(__libc_memalign(alignment, bytes));
}
void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  return counted(__libc_memalign(alignment, bytes));
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) noexcept {
  *memory = counted(__libc_memalign(alignment, bytes));
  return *memory == nullptr ? ENOMEM : 0;
}
}

namespace {

constexpr std::uint64_t warm_up_messages = 1'000;
constexpr std::uint64_t counted_messages = 100'000;
constexpr std::size_t sessions = 10;
constexpr auto at_most = std::chrono::minutes(2);

struct Echo {
  void on_open(Session&) { is_servers_thread = true; }
  void on_message(Session& client, Message message) { client.send(message); }
};

struct Listening {
  void on_open(Session& client) {
    is_servers_thread = true;
    client.join("all");
  }
  void on_message(Session&, Message) {}
};

struct Conversation {
  Task<> on_open(Session& client) {
    is_servers_thread = true;
    while (auto message = co_await client.receive()) client.send(*message);
  }
};

struct PerMessage : Echo {
  Task<> on_message(Session& client, Message message) {
    client.send(message);
    co_return;
  }
};

// A meter that counts nothing would find what we hope for.
bool meter_works() {
  is_servers_thread = true;
  const std::uint64_t before = allocations;
  void* volatile plain = std::malloc(100);
  char* volatile made = new char[100];
  void* volatile aligned = ::operator new (4096, std::align_val_t{4096});
  plain = std::realloc(plain, 10'000);
  void* volatile zeroed = std::calloc(10, 10);
  std::string* volatile text = new std::string(100, 'x');
  const std::uint64_t seen = allocations - before;
  is_servers_thread = false;
  delete text;
  std::free(zeroed);
  std::free(plain);
  ::operator delete (aligned, std::align_val_t{4096});
  delete[] made;
  return seen == 7;
}

struct Row {
  std::string path;
  Traffic traffic;
};

std::vector<Row> rows() {
  std::vector<Row> all;
  for (const char* path : {"/lambda", "/object", "/conversation", "/per_message"})
    for (const auto type : {websocket::Opcode::text, websocket::Opcode::binary})
      for (const std::size_t bytes : {16, 125, 1024})
        for (const std::size_t depth : {1, 16})
          all.push_back({path, {sessions, depth, bytes, type}});
  return all;
}

// Allocations per message, printed; an Error if the messages did not get through.
Result<double> measure(const Row& row, std::uint16_t port) {
  auto load = Load::open({port, row.path}, row.traffic);
  if (!load) return Error{load.error()};
  const auto warm = (*load)->run({warm_up_messages, at_most});
  if (!warm) return Error{warm.error()};
  const std::uint64_t before = allocations;
  const auto work = (*load)->run({counted_messages, at_most});
  if (!work) return Error{work.error()};
  const std::uint64_t seen = allocations - before;
  if (work->messages != counted_messages) return Error{"too slow to count all messages"};
  const double each = static_cast<double>(seen) / static_cast<double>(work->messages);
  fmt::print("| {} | {} | {} | {} | {:.2f} | {} |\n", row.path.substr(1),
             row.traffic.type == websocket::Opcode::text ? "text" : "binary",
             row.traffic.payload_bytes, row.traffic.depth, each, seen);
  std::fflush(stdout);
  return each;
}

std::uint16_t port_of(const Server& server) {
  const std::string address = server.addresses().front();
  return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

// Allocations of the server's thread per publish to a thousand members.
Result<double> measure_publish(const Server& server, std::uint16_t port) {
  constexpr std::size_t members = 1'000, payload_bytes = 64, frame_bytes = payload_bytes + 2;
  constexpr std::uint64_t publishes = 100;
  auto listeners = Listeners::open(port, "/members", members);
  if (!listeners) return Error{listeners.error()};
  const Sender sender = server.sender();
  const std::string text(payload_bytes, 'x');
  std::uint64_t before = 0;
  for (std::uint64_t i = 0; i < 2 * publishes; ++i) {
    if (i == publishes) before = allocations;
    sender.publish("all", text);
    if (auto heard = (*listeners)->hear(members * frame_bytes); !heard) return Error{heard.error()};
  }
  const std::uint64_t seen = allocations - before;
  const double each = static_cast<double>(seen) / static_cast<double>(publishes);
  fmt::print("| publish to {} | text | {} | 1 | {:.2f} | {} |\n", members, payload_bytes, each,
             seen);
  return each;
}

int fail(const std::string& why) {
  fmt::print(stderr, "{}\n", why);
  return 1;
}

}  // namespace

int main() {
  if (!meter_works()) return fail("the meter does not count: nothing is known");
  Server server({.threads = 1, .log = [](LogLevel, std::string_view) {}});
  server.websocket("/lambda", [](Session& client, Message message) {
    is_servers_thread = true;
    client.send(message);
  });
  server.websocket<Echo>("/object");
  server.websocket<Conversation>("/conversation");
  server.websocket<PerMessage>("/per_message");
  server.websocket<Listening>("/members");
  server.listen("127.0.0.1:0");
  if (auto started = server.start(); !started) return fail(started.error());
  fmt::print("{} messages after {} of warm-up, {} sessions, loopback TCP.\n\n", counted_messages,
             warm_up_messages, sessions);
  fmt::print("| handler | type | bytes | depth | allocations per message | in all |\n");
  fmt::print("|---|---|--:|--:|--:|--:|\n");
  double most = 0;
  for (const Row& row : rows()) {
    const auto each = measure(row, port_of(server));
    if (!each) return fail(each.error());
    most = std::max(most, *each);
  }
  if (most >= 0.005) return fail("an echoed message allocates");
  const auto publish = measure_publish(server, port_of(server));
  if (!publish) return fail(publish.error());
  return *publish < 100 ? 0 : fail("a publish allocates for its members");
}
