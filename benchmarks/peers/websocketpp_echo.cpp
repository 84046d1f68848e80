// websocketpp, one thread per loop, as its users write it. What it offers: README.md.
//
// It is given its best: no locks, no logs, no Nagle, and messages that are framed once and not
// copied.
#include <sys/socket.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>
#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/extensions/permessage_deflate/enabled.hpp>
#include <websocketpp/frame.hpp>
#include <websocketpp/logger/stub.hpp>
#include <websocketpp/server.hpp>

namespace {

constexpr std::size_t most_waiting_bytes = 1 << 20;  // then a reader is too slow

struct Config : websocketpp::config::asio {
  using type = Config;
  using base = websocketpp::config::asio;
  using concurrency_type = websocketpp::concurrency::none;
  using alog_type = websocketpp::log::stub;
  using elog_type = websocketpp::log::stub;
  static constexpr bool enable_multithreading = false;

  struct transport_config : base::transport_config {
    using concurrency_type = type::concurrency_type;
    using alog_type = type::alog_type;
    using elog_type = type::elog_type;
    static constexpr bool enable_multithreading = false;
  };
  using transport_type = websocketpp::transport::asio::endpoint<transport_config>;
  using permessage_deflate_type =
      websocketpp::extensions::permessage_deflate::enabled<permessage_deflate_config>;

  struct connection_base {
    std::unordered_set<void*>* group = nullptr;  // of Connection
  };
};

using Server = websocketpp::server<Config>;
using Connection = Server::connection_type;
using websocketpp::connection_hdl;

// Frames it in place, where the connection would copy it first.
Server::message_ptr framed(const Server::message_ptr& message) {
  const std::size_t bytes = message->get_payload().size();
  const websocketpp::frame::basic_header head(message->get_opcode(), bytes, true, false);
  const websocketpp::frame::extended_header rest(bytes);
  message->set_header(websocketpp::frame::prepare_header(head, rest));
  message->set_prepared(true);
  return message;
}

// One loop: its own listener, sessions and groups.
class Loop {
 public:
  explicit Loop(unsigned short port) {
    server_.init_asio();
    server_.set_reuse_addr(true);
    server_.set_tcp_pre_bind_handler([](const auto& acceptor) {
      const int yes = 1;
      ::setsockopt(acceptor->native_handle(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
      return std::error_code();
    });
    server_.set_tcp_post_init_handler([this](connection_hdl client) {
      of(client)->get_raw_socket().set_option(boost::asio::ip::tcp::no_delay(true));
    });
    server_.set_open_handler([this](connection_hdl client) { open(*of(client)); });
    server_.set_close_handler([this](connection_hdl client) { close(*of(client)); });
    server_.set_message_handler(
        [this](connection_hdl client, Server::message_ptr message) { hear(*of(client), message); });
    server_.listen(boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), port));
    server_.start_accept();
  }
  void run() { server_.run(); }

 private:
  Server::connection_ptr of(const connection_hdl& client) {
    return server_.get_con_from_hdl(client);
  }
  void open(Connection& client) {
    const std::string& path = client.get_resource();
    if (path.rfind("/echo/groups/", 0) != 0) return;
    client.group = &groups_[path];
    client.group->insert(&client);
  }
  static void close(Connection& client) {
    if (client.group != nullptr) client.group->erase(&client);
  }
  static void hear(Connection& client, const Server::message_ptr& message) {
    if (client.group == nullptr)  // what came compressed goes back so: the library does that
      return tell(client, message->get_compressed() ? message : framed(message));
    framed(message);
    for (void* other : *client.group)
      if (other != &client) tell(*static_cast<Connection*>(other), message);
  }
  static void tell(Connection& client, const Server::message_ptr& message) {
    std::error_code ignored;
    if (client.get_buffered_amount() > most_waiting_bytes)
      client.close(websocketpp::close::status::policy_violation, "too slow", ignored);
    else
      ignored = client.send(message);
  }

  std::unordered_map<std::string, std::unordered_set<void*>> groups_;
  Server server_;
};

int number(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? std::atoi(value) : otherwise;
}

}  // namespace

int main() {
  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<std::thread> threads;
  for (int i = 0; i < number("THREADS", 1); ++i)
    loops.push_back(std::make_unique<Loop>(static_cast<unsigned short>(number("PORT", 0))));
  for (auto& loop : loops) threads.emplace_back([&loop] { loop->run(); });
  for (auto& thread : threads) thread.join();
}
