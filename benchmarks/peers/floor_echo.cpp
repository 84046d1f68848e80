// The floor: what sockets, masks and frame heads cost on this machine, and nothing else. A server
// that reads once and writes once per message can hardly cost less.
//
// It is no server: it checks nothing, looks at no UTF-8, bounds nothing and ends nobody; it echoes
// frames, pings too, and expects the opening handshake in one read, and messages unfragmented. A
// message is unmasked where it was read, and leaves from there.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "websocket/decoder.h"
#include "websocket/encoder.h"
#include "websocket/handshake.h"

namespace {

using namespace orrery::websocket;

constexpr std::size_t buffer_bytes = 512 * 1024;
constexpr std::size_t worth_a_piece_bytes = 4096;  // less is copied behind the piece before

struct Client {
  int socket;
  bool open = false;    // the 101 was sent
  bool leaves = false;  // its close was answered
  bool broken = false;
  Decoder decoder{};
  std::string waiting{};  // what the kernel did not take
};

// Pieces of the read buffer that leave in one write.
class Answers {
 public:
  void add(char* at, std::size_t bytes) {
    if (!pieces_.empty() && bytes < worth_a_piece_bytes) {
      iovec& last = pieces_.back();
      std::copy(at, at + bytes, static_cast<char*>(last.iov_base) + last.iov_len);
      last.iov_len += bytes;
    } else if (bytes > 0) {
      pieces_.push_back({at, bytes});
    }
  }
  void write_to(Client& client) {
    if (pieces_.empty()) return;
    msghdr message{};
    message.msg_iov = pieces_.data();
    message.msg_iovlen = pieces_.size();
    const iovec& first = pieces_.front();
    const ssize_t sent = pieces_.size() == 1
                             ? ::send(client.socket, first.iov_base, first.iov_len, MSG_NOSIGNAL)
                             : ::sendmsg(client.socket, &message, MSG_NOSIGNAL);
    auto taken = static_cast<std::size_t>(sent < 0 ? 0 : sent);
    for (const auto& [base, bytes] : pieces_) {
      const std::size_t of_it = std::min(taken, bytes);
      client.waiting.append(static_cast<char*>(base) + of_it, bytes - of_it);
      taken -= of_it;
    }
    pieces_.clear();
  }

 private:
  std::vector<iovec> pieces_;
};

class Loop {
 public:
  explicit Loop(int port) {
    const int yes = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    ::setsockopt(listener_, IPPROTO_TCP, TCP_DEFER_ACCEPT, &yes, sizeof yes);
    ::setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // of all it accepts
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(static_cast<in_port_t>(port));
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* const address = reinterpret_cast<const sockaddr*>(&here);
    if (::bind(listener_, address, sizeof here) != 0 || ::listen(listener_, 1024) != 0)
      std::abort();
    watch(listener_, nullptr, EPOLLIN);
  }
  [[noreturn]] void run() {
    std::array<epoll_event, 1024> events;
    while (true) {
      const int count = ::epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        auto* const client = static_cast<Client*>(event.data.ptr);
        if (client == nullptr)
          accept();
        else if (!serve(*client, (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0))
          end(client);
      }
    }
  }

 private:
  void watch(int socket, Client* client, std::uint32_t what) const {
    epoll_event event{.events = what, .data = {.ptr = client}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }
  void accept() const {
    for (int socket; (socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;)
      watch(socket, new Client{.socket = socket}, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  }
  static void end(Client* client) {
    ::close(client->socket);
    delete client;
  }
  // Until there is no more to read, or what was read can't be written. False: it is over.
  bool serve(Client& client, bool hangup) {
    write_waiting(client);
    while (client.waiting.empty() && !client.broken) {
      const ssize_t got = ::recv(client.socket, buffer_, buffer_bytes, 0);
      if (got <= 0) return got < 0 && errno == EAGAIN;
      const auto bytes = static_cast<std::size_t>(got);
      client.open ? echo(client, {buffer_, bytes}) : open(client, {buffer_, bytes});
      if (client.leaves && client.waiting.empty()) ::shutdown(client.socket, SHUT_WR);
      if (bytes < buffer_bytes && !hangup) break;
    }
    return !client.broken;
  }
  static void write_waiting(Client& client) {
    if (client.waiting.empty()) return;
    const ssize_t sent =
        ::send(client.socket, client.waiting.data(), client.waiting.size(), MSG_NOSIGNAL);
    client.broken = sent < 0 && errno != EAGAIN;
    if (sent > 0) client.waiting.erase(0, static_cast<std::size_t>(sent));
    if (client.leaves && client.waiting.empty()) ::shutdown(client.socket, SHUT_WR);
  }
  void open(Client& client, std::string_view head) {
    constexpr std::string_view name = "Sec-WebSocket-Key: ";
    constexpr std::size_t key_bytes = 24;
    const auto at = head.find(name);
    if (at == std::string_view::npos) return;
    std::string answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: ";
    answer += accept_key(head.substr(at + name.size(), key_bytes)) + "\r\n\r\n";
    answers_.add(answer.data(), answer.size());
    answers_.write_to(client);
    client.open = true;
  }
  void echo(Client& client, std::span<char> bytes) {
    Decoder& decoder = client.decoder;
    while (!bytes.empty()) {
      char* const begin = bytes.data();
      if (const auto whole = decoder.take_whole(bytes, buffer_bytes)) {
        char* const payload = begin + (whole->payload.data() - begin);
        answer(whole->opcode, whole->payload.size(), {payload, whole->payload.size()});
        continue;
      }
      const bool begins = !decoder.in_frame();
      if (begins && !decoder.take_head(bytes)) break;
      const auto piece = decoder.take_payload(bytes);
      if (begins)
        answer(decoder.head().opcode, decoder.head().payload_bytes, piece);
      else
        answers_.add(piece.data(), piece.size());
      client.leaves |= decoder.head().opcode == Opcode::close;
    }
    answers_.write_to(client);
  }
  // A frame without its mask has room for its new head right before its payload.
  void answer(Opcode opcode, std::uint64_t bytes, std::span<char> payload) {
    std::array<char, max_head_bytes> head;
    const std::size_t head_bytes = encode_head(head.data(), opcode, bytes);
    char* const place = payload.data() - head_bytes;
    std::copy_n(head.data(), head_bytes, place);
    answers_.add(place, head_bytes + payload.size());
  }

  const int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int epoll_ = ::epoll_create1(0);
  const std::unique_ptr<char[]> memory_{new char[max_head_bytes + buffer_bytes]};
  char* const buffer_ = memory_.get() + max_head_bytes;  // the first head may be the rest of one
  Answers answers_;
};

}  // namespace

int main() {
  const char* const port = std::getenv("PORT");
  Loop(port != nullptr ? std::atoi(port) : 0).run();
}
