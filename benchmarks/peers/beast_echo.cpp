// The server that Orrery is compared with: Boost.Beast, one thread per loop, as its users write it.
//
// It is given its best: no Nagle, frames that are not cut to its write buffer, one copy of what a
// group is told, and its usual timeouts, since Orrery has them too. What it offers: README.md.
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;

const char* setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

// What a group is told: the same bytes for all members.
struct Told {
  std::string bytes;
  bool text;
};

class Member {
 public:
  virtual ~Member() = default;
  virtual void hear(const std::shared_ptr<const Told>& told) = 0;
};
using Group = std::set<Member*>;
using Groups = std::map<std::string, Group, std::less<>>;  // of one loop

template <typename Stream>
class Session final : public Member, public std::enable_shared_from_this<Session<Stream>> {
 public:
  template <typename... Tls>
  Session(Groups& groups, tcp::socket&& socket, Tls&... tls)
      : groups_(groups), stream_(std::move(socket), tls...) {}
  ~Session() override {
    if (group_ != nullptr) group_->erase(this);
  }

  void run() {
    beast::get_lowest_layer(stream_).socket().set_option(tcp::no_delay(true));
    if constexpr (std::is_same_v<Stream, beast::tcp_stream>) {
      read_request();
    } else {
      stream_.next_layer().async_handshake(asio::ssl::stream_base::server,
                                           [self = self()](beast::error_code error) {
                                             if (!error) self->read_request();
                                           });
    }
  }

  void hear(const std::shared_ptr<const Told>& told) override {
    told_.push_back(told);
    if (told_.size() == 1) write_told();
  }

 private:
  std::shared_ptr<Session> self() { return this->shared_from_this(); }

  void read_request() {
    auto request = std::make_shared<http::request<http::empty_body>>();
    http::async_read(stream_.next_layer(), buffer_, *request,
                     [self = self(), request](beast::error_code error, std::size_t) {
                       if (!error) self->accept(request);
                     });
  }

  void accept(const std::shared_ptr<http::request<http::empty_body>>& request) {
    const std::string path(request->target());
    stream_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
    stream_.auto_fragment(false);
    if (path == "/deflate") {
      websocket::permessage_deflate deflate;
      deflate.server_enable = true;
      deflate.compLevel = 1;
      stream_.set_option(deflate);
    }
    stream_.async_accept(*request, [self = self(), request, path](beast::error_code error) {
      if (error) return;
      if (path.starts_with("/echo/groups/")) self->join(path);
      self->read();
    });
  }

  void join(const std::string& path) {
    group_ = &groups_[path];
    group_->insert(this);
  }

  void read() {
    stream_.async_read(buffer_, [self = self()](beast::error_code error, std::size_t) {
      if (error) return;
      if (self->group_ == nullptr) return self->echo();
      self->publish();
      self->read();
    });
  }

  void echo() {
    stream_.text(stream_.got_text());
    stream_.async_write(buffer_.data(), [self = self()](beast::error_code error, std::size_t) {
      if (error) return;
      self->buffer_.consume(self->buffer_.size());
      self->read();
    });
  }

  void publish() {
    const auto told = std::make_shared<const Told>(
        Told{beast::buffers_to_string(buffer_.data()), stream_.got_text()});
    buffer_.consume(buffer_.size());
    for (Member* member : *group_)
      if (member != this) member->hear(told);
  }

  void write_told() {
    stream_.text(told_.front()->text);
    stream_.async_write(asio::buffer(told_.front()->bytes),
                        [self = self()](beast::error_code error, std::size_t) {
                          if (error) return;
                          self->told_.erase(self->told_.begin());
                          if (!self->told_.empty()) self->write_told();
                        });
  }

  Groups& groups_;
  Group* group_ = nullptr;
  websocket::stream<Stream> stream_;
  beast::flat_buffer buffer_;
  std::vector<std::shared_ptr<const Told>> told_;  // the first is being written
};

// One loop: its own listener, sessions and groups.
class Loop {
 public:
  Loop() {
    const char* certificate = setting("CERTIFICATE", "");
    if (*certificate != '\0') {
      tls_.emplace(asio::ssl::context::tls_server);
      tls_->use_certificate_chain_file(certificate);
      tls_->use_private_key_file(setting("KEY", ""), asio::ssl::context::pem);
    }
    const auto port = static_cast<unsigned short>(std::atoi(setting("PORT", "0")));
    const tcp::endpoint place(asio::ip::address_v4::loopback(), port);
    const int yes = 1;
    acceptor_.open(place.protocol());
    acceptor_.set_option(asio::socket_base::reuse_address(true));
    ::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    acceptor_.bind(place);
    acceptor_.listen();
  }

  [[nodiscard]] int port() { return acceptor_.local_endpoint().port(); }
  void run() {
    accept();
    loop_.run();
  }

 private:
  void accept() {
    acceptor_.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (!error) serve(std::move(socket));
      accept();
    });
  }
  void serve(tcp::socket&& socket) {
    using Plain = Session<beast::tcp_stream>;
    using Secret = Session<beast::ssl_stream<beast::tcp_stream>>;
    if (tls_)
      std::make_shared<Secret>(groups_, std::move(socket), *tls_)->run();
    else
      std::make_shared<Plain>(groups_, std::move(socket))->run();
  }

  Groups groups_;
  asio::io_context loop_{1};
  tcp::acceptor acceptor_{loop_};
  std::optional<asio::ssl::context> tls_;
};

}  // namespace

int main() {
  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<std::jthread> threads;
  const int count = std::atoi(setting("THREADS", "1"));
  while (static_cast<int>(loops.size()) < count) loops.push_back(std::make_unique<Loop>());
  std::printf("listening http://127.0.0.1:%d\n", loops.front()->port());
  std::fflush(stdout);
  for (auto& loop : loops) threads.emplace_back([&loop] { loop->run(); });
}
