#include "net/descriptors.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

namespace orrery::net {

void Descriptor::close() {
  if (fd_ < 0) return;
  const int kept = errno;
  ::close(std::exchange(fd_, -1));  // Linux frees the number even when close() is interrupted
  errno = kept;
}

std::uint64_t descriptor_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

}  // namespace orrery::net
