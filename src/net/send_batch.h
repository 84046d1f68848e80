// A SendBatch sends to many sockets in one system call; to streams in memory, for tests, one by
// one.
//
// Owner   the poller that offers it.
// Thread  one at a time.
// Limit   `most` sends at once.
// Why     a send that must not wait is done when the call returns: nothing is left in flight, and
//         no bytes have to outlive the call.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "net/ring.h"

namespace orrery::net {

/// Stands in for a socket.
class SendsInMemory {
 public:
  /// As send(2): how many bytes were taken, or a negative errno.
  virtual int take(std::string_view bytes) = 0;

 protected:
  ~SendsInMemory() = default;
};

class SendBatch {
 public:
  static constexpr std::size_t most = 256;

  static Result<std::unique_ptr<SendBatch>> create();
  /// For who does not depend on a ring: it is made by the thread that first sends to two. If there
  /// is none to be had then, or system calls are filtered, each send is a system call for ever.
  static std::unique_ptr<SendBatch> create_later();
  /// For streams in memory.
  static std::unique_ptr<SendBatch> create_without_ring();

  /// `bytes` stay as they are until send() returns. Not if it is full.
  void add(int socket, std::string_view bytes);
  void add(SendsInMemory& stream, std::string_view bytes);
  [[nodiscard]] bool full() const { return size_ == most; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Like send(2) for each, without waiting and without SIGPIPE.
  void send();
  /// How many bytes of the `index`th were taken, or a negative errno. Only between send() and
  /// clear().
  [[nodiscard]] int result(std::size_t index) const { return entries_[index].result; }
  [[nodiscard]] std::size_t offered(std::size_t index) const {
    return entries_[index].bytes.size();
  }
  void clear() { size_ = 0; }

 private:
  struct Entry {
    int socket = -1;
    int result = 0;
    std::string_view bytes{};
    SendsInMemory* stream = nullptr;  // in the socket's place
  };

  SendBatch(Ring ring, bool opens_later) : ring_(std::move(ring)), opens_later_(opens_later) {}
  static int send_alone(const Entry& entry);
  void open_now();
  std::size_t send_through_ring();

  Ring ring_;  // none yet, or none any more: the kernel has refused something
  bool opens_later_;
  std::array<Entry, most> entries_{};
  std::size_t size_ = 0;
};

}  // namespace orrery::net
