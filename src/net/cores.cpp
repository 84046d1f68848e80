#include "net/cores.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace orrery::net {

std::size_t usable_cores() {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  if (::sched_getaffinity(0, sizeof mine, &mine) == 0)
    return static_cast<std::size_t>(std::max(CPU_COUNT(&mine), 1));
  // More cores than cpu_set_t can name.
  return std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
}

}  // namespace orrery::net
