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
    book_.hears_server(record_, message.text(), message.group());
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
  void on_dropped(Session&, Dropped) { const InCallback in(book_, record_, "on_dropped"); }
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
    book_.hears_server(record_, message.text(), message.group());
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

Admission<Guest> admit(const Handshake& hello) {
  const auto how = hello.request.query("how").value_or("");
  const Guest guest{std::stoi(hello.request.query("n").value_or("0")), how == "break"};
  if (how == "reject") return reject(401, "not you");
  if (how == "throw") throw std::runtime_error("this admission throws");
  if (how == "dismiss") return accept_then_close(4009, "not now");
  return accept(guest);
}

template <typename T>
auto declare(Router& routes, Book& book, Kind kind) {
  return routes.websocket<T>("/" + std::string(name_of(kind)), std::ref(book))
      .admit(admit)
      .on_name_conflict(replaces(kind) ? NameConflict::replace : NameConflict::refuse);
}

}  // namespace

void declare_routes(Router& routes, Book& book) {
  declare<Plain>(routes, book, Kind::plain);
  declare<Quiet>(routes, book, Kind::quiet);
  declare<Receiver>(routes, book, Kind::receiver);
  declare<Listener>(routes, book, Kind::listener);
  declare<Waiter>(routes, book, Kind::waiter);
  declare<Worker>(routes, book, Kind::worker).on_workers();
  declare<Plain>(routes, book, Kind::tight)
      .limits({.queued_bytes = 64, .overflow = Overflow::drop_oldest, .mailbox_count = 4});
}

}  // namespace orrery::simulation
