#include "net/ring.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

namespace orrery::net {
namespace {

std::string cause_of(int error) {
  switch (error) {
    case EPERM: {
      std::ifstream file("/proc/sys/kernel/io_uring_disabled");
      std::string setting;
      if (std::getline(file, setting) && setting != "0")
        return fmt::format("kernel.io_uring_disabled is {}", setting);
      return "kernel.io_uring_disabled does not forbid it, so a sandbox does: seccomp, say";
    }
    case ENOSYS: return "the kernel is built without it, or a sandbox hides it";
    case EINVAL: return "the kernel is too old: it takes Linux 6.1";
    case ENOMEM: return "there is no memory for it, or RLIMIT_MEMLOCK is too low";
    case EMFILE:
    case ENFILE: return "no descriptor is left for it";
    default: return "the kernel gives no other reason";
  }
}

}  // namespace

void CloseRing::operator()(io_uring* ring) const {
  ::io_uring_queue_exit(ring);
  delete ring;
}

bool system_calls_are_filtered() {
  return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) > 0;
}

Error no_ring(int error) {
  return Error{fmt::format("io_uring is not to be had here: {} ({})", std::strerror(error),
                           cause_of(error))};
}

Result<Ring> open_ring(unsigned submissions, unsigned completions, unsigned flags) {
  auto fresh = std::make_unique<io_uring>();
  io_uring_params parameters{};
  parameters.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
  parameters.cq_entries = completions;
  const int error = -::io_uring_queue_init_params(submissions, fresh.get(), &parameters);
  if (error != 0) return no_ring(error);
  return Ring(fresh.release());
}

}  // namespace orrery::net
