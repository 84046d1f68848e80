// Listeners are sessions that only hear: the members of a group, say, in one thread.
//
// Owner   the benchmark.
// Thread  one.
// Limit   10 seconds without a byte end hear() with an Error.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/descriptors.h"
#include "orrery/result.h"

namespace orrery::benchmarks {

class Listeners {
 public:
  /// Opens so many sessions, one after the other.
  static Result<std::unique_ptr<Listeners>> open(std::uint16_t port, const std::string& path,
                                                 std::size_t sessions);
  /// Reads until all of them together have got so many bytes more.
  Result<void> hear(std::uint64_t bytes);
  [[nodiscard]] std::size_t size() const { return sockets_.size(); }

 private:
  Listeners() = default;
  Result<void> connect(std::uint16_t port, const std::string& path);

  std::vector<net::Descriptor> sockets_;
  net::Descriptor epoll_;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

}  // namespace orrery::benchmarks
