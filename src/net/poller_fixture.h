// The pollers on which tests of real sockets run, one after the other.
//
// Owner   the test. Nothing but tests includes this.
// Why     where io_uring is forbidden, the cases on it do not exist, and that is said aloud: a case
//         that were skipped would fail the run.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "net/backend.h"
#include "net/epoll_poller.h"
#include "net/uring_poller.h"

namespace orrery::net {

struct TestedPoller {
  std::string name;
  std::function<Result<std::unique_ptr<Poller>>()> create;

  [[nodiscard]] std::unique_ptr<Poller> operator()() const { return std::move(create()).value(); }
};

inline void PrintTo(const TestedPoller& poller, std::ostream* out) {
  *out << poller.name;
}

/// Whether io_uring can be tested here; says so if not.
inline bool tests_io_uring() {
  static const bool allowed = [] {
    const auto available = is_available(Backend::io_uring);
    if (!available) std::cerr << "NOT TESTED on io_uring: " << available.error() << '\n';
    return available.ok();
  }();
  return allowed;
}

inline std::vector<TestedPoller> tested_pollers() {
  std::vector<TestedPoller> all{{"Epoll", [] { return EpollPoller::create(); }}};
  if (!tests_io_uring()) return all;
  all.push_back(
      {"EpollAndRing", [] { return EpollPoller::create(EpollPoller::Sends::in_batches); }});
  all.push_back({"Uring", [] { return UringPoller::create(); }});
  all.push_back({"UringWithTwoBuffers", [] { return UringPoller::create(2); }});
  return all;
}

/// The end of an io_uring may interrupt a call of the thread that made it. A connect() that goes on
/// in the background is waited for when it is asked again.
inline bool connects(int fd, const sockaddr* address, socklen_t size) {
  int result = -1;
  do result = ::connect(fd, address, size);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

inline std::string name_of_case(const testing::TestParamInfo<TestedPoller>& info) {
  return info.param.name;
}

}  // namespace orrery::net
