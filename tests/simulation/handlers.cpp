#include "handlers.h"

#include <stdexcept>
#include <variant>

#include "acting.h"

namespace orrery::simulation {

namespace {

/// What an admission lets in.
struct Guest {
  Number number;
  bool breaks;
};

class Handler {
 public:
  Handler(const Guest& guest, Book& book) : book_(book), record_(book.record(guest.number)) {
    if (guest.breaks) throw std::runtime_error("this handler can't be made");
    book_.made(record_.number);
  }
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  ~Handler() { book_.unmade(record_.number); }

 protected:
  template <typename S>
  void open(S& session) {
    const InCallback in(book_, record_, "on_open");
    book_.opens(record_, session.address());
    struct Opened {
      Record& record;
      ~Opened() { record.opening = false; }
    } const opened{record_};
    perform(book_, record_, session, book_.asked_by(first_script(record_.number)));
  }
  template <typename S>
  void hear_client(S& session, Message message) {
    const InCallback in(book_, record_, "on_message");
    book_.hears_client(record_, message.text());
    perform(book_, record_, session, book_.asked_by(message.text()));
  }
  template <typename S>
  void hear_server(S& session, const ServerMessage& message) {
    const InCallback in(book_, record_, "on_server_message");
    book_.hears_server(record_, message);
    perform(book_, record_, session, book_.asked_by(message.text()));
  }
  template <typename S>
  void end(S& session, const CloseCause& cause) {
    const InCallback in(book_, record_, "on_close");
    book_.closes(record_, cause);
    perform(book_, record_, session, book_.asked_by(last_script(record_.number)));
  }
  void see(const Presence& presence) {
    const InCallback in(book_, record_, "on_presence");
    book_.sees(record_, presence);
  }
  void lose(std::string_view name) {
    const InCallback in(book_, record_, "on_name_lost");
    book_.loses_name(record_, name);
  }

  Book& book_;
  Record& record_;
};

struct Quiet : Handler {
  using Handler::Handler;
  void on_open(Session& session) { open(session); }
  void on_message(Session& session, Message message) { hear_client(session, message); }
  void on_presence(Session&, const Presence& presence) { see(presence); }
  void on_close(Session& session, const CloseCause& cause) { end(session, cause); }
};

struct Plain : Quiet {
  using Quiet::Quiet;
  void on_server_message(Session& session, ServerMessage message) { hear_server(session, message); }
  void on_name_lost(Session&, std::string_view name) { lose(name); }
  void on_drain(Session&) { const InCallback in(book_, record_, "on_drain"); }
  void on_dropped(Session&, Dropped dropped) {
    const InCallback in(book_, record_, "on_dropped");
    book_.dropped(record_, dropped);
  }
  void on_tick(Session&) { const InCallback in(book_, record_, "on_tick"); }
};

struct Waiter : Handler {
  using Handler::Handler;
  void on_open(Session& session) { open(session); }
  Task<> on_message(Session& session, Message message) {
    Stay stay(book_, record_);
    stay.enters("on_message");
    book_.hears_client(record_, message.text());
    co_await perform_all(session, book_, record_, book_.asked_by(message.text()));
  }
  void on_server_message(Session& session, ServerMessage message) { hear_server(session, message); }
  void on_presence(Session&, const Presence& presence) { see(presence); }
  void on_name_lost(Session&, std::string_view name) { lose(name); }
  void on_close(Session& session, const CloseCause& cause) { end(session, cause); }
};

struct Receiver : Handler {
  using Handler::Handler;
  Task<> on_open(Session& session) {
    Stay stay(book_, record_);
    stay.enters("on_open");
    book_.opens(record_, session.address());
    co_await perform_all(session, book_, record_, book_.asked_by(first_script(record_.number)));
    stay.leaves();
    while (const auto message = co_await session.receive()) {
      stay.enters("receive()");
      book_.hears_client(record_, message->text());
      co_await perform_all(session, book_, record_, book_.asked_by(message->text()));
      stay.leaves();
    }
    record_.ended = true;
    perform(book_, record_, session, book_.asked_by(last_script(record_.number)));
  }
  void on_server_message(Session& session, ServerMessage message) { hear_server(session, message); }
  void on_presence(Session&, const Presence& presence) { see(presence); }
  void on_close(Session& session, const CloseCause& cause) { end(session, cause); }
};

struct Listener : Handler {
  using Handler::Handler;
  Task<> on_open(Session& session) {
    Stay stay(book_, record_);
    stay.enters("on_open");
    book_.opens(record_, session.address());
    co_await perform_all(session, book_, record_, book_.asked_by(first_script(record_.number)));
    stay.leaves();
    while (const auto event = co_await session.next()) {
      stay.enters("next()");
      co_await perform_all(session, book_, record_, std::visit(*this, *event));
      stay.leaves();
    }
    record_.ended = true;
  }
  void on_close(Session& session, const CloseCause& cause) { end(session, cause); }

  Script operator()(const Message& message) const {
    book_.hears_client(record_, message.text());
    return book_.asked_by(message.text());
  }
  Script operator()(const ServerMessage& message) const {
    book_.hears_server(record_, message);
    return book_.asked_by(message.text());
  }
  Script operator()(const Presence& presence) const {
    return book_.sees(record_, presence), Script{};
  }
  Script operator()(const NameLost& lost) const {
    return book_.loses_name(record_, lost.name), Script{};
  }
  Script operator()(const Tick&) const { return {}; }
  Script operator()(const Drain&) const { return {}; }
  Script operator()(const Dropped&) const { return {}; }
};

struct Worker : Handler {
  using Handler::Handler;
  void on_open(WorkerSession& session) { open(session); }
  void on_message(WorkerSession& session, Message message) { hear_client(session, message); }
  void on_server_message(WorkerSession& session, ServerMessage message) {
    hear_server(session, message);
  }
  void on_close(WorkerSession& session, const CloseCause& cause) { end(session, cause); }
};

int number_in(const Handshake& hello, std::string_view name) {
  return std::stoi(hello.request.query(name).value_or("0"));
}

Admission<Guest> admit(const Handshake& hello) {
  const auto how = hello.request.query("how").value_or("");
  const Guest guest{number_in(hello, "n"), how == "break"};
  if (how == "reject") return reject(401, "not you");
  if (how == "throw") throw std::runtime_error("this admission throws");
  if (how == "dismiss") return accept_then_close(4009, "not now");
  return accept(guest);
}

Task<Admission<Guest>> admit_slowly(Handshake& hello, Book& book) {
  Record& record = book.record(number_in(hello, "n"));
  const AdmissionStay stay(book, record);
  const bool fails = hello.request.query("how").value_or("") == "fail";
  for (int waits = number_in(hello, "waits"); waits > 0; --waits) {
    const bool throws = fails && waits == 1;
    const auto job = [throws] {
      if (throws) throw std::runtime_error("this job throws");
    };
    co_await hello.on_workers(job);
    book.asks_on(record);
  }
  co_return admit(hello);
}

std::string pool_of(const Request& request) {
  return pool_name(std::stoi(request.query("pool").value_or("0")));
}

// With takeover of contexts for some: their messages refer to those before.
RouteLimits limits_of(Kind kind) {
  RouteLimits limits{.admission_timeout = admission_patience, .compression_threshold_bytes = 8};
  const bool dedicated = kind == Kind::quiet || kind == Kind::listener || kind == Kind::tight;
  limits.compression = dedicated ? Compression::dedicated : Compression::shared;
  if (kind == Kind::tight) {
    limits.queued_bytes = 64;
    limits.overflow = Overflow::drop_oldest;
    limits.mailbox_count = 4;
  }
  limits.messages_per_second = rate_of(kind);
  limits.rate_policy = kind == Kind::lossy ? RatePolicy::drop : RatePolicy::close;
  return limits;
}

template <typename T>
void declare(Router& routes, Book& book, Kind kind) {
  const auto declare_at = [&](const std::string& path) {
    auto route = routes.websocket<T>(path, std::ref(book));
    route.limits(limits_of(kind)).pool(pool_of);
    route.on_name_conflict(replaces(kind) ? NameConflict::replace : NameConflict::refuse);
    if constexpr (std::is_same_v<T, Worker>) route.on_workers();
    return route;
  };
  const std::string path = "/" + std::string(name_of(kind));
  declare_at(path).admit(admit);
  declare_at("/slow" + path).admit(admit_slowly, std::ref(book));
}

}  // namespace

void declare_routes(Router& routes, Book& book) {
  declare<Plain>(routes, book, Kind::plain);
  declare<Quiet>(routes, book, Kind::quiet);
  declare<Receiver>(routes, book, Kind::receiver);
  declare<Listener>(routes, book, Kind::listener);
  declare<Waiter>(routes, book, Kind::waiter);
  declare<Worker>(routes, book, Kind::worker);
  declare<Plain>(routes, book, Kind::tight);
  declare<Plain>(routes, book, Kind::hasty);
  declare<Plain>(routes, book, Kind::lossy);
}

}  // namespace orrery::simulation
