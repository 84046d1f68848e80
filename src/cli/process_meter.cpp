#include "cli/process_meter.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

namespace orrery::cli {
namespace {

Nanoseconds of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

// What all threads have computed: the first number of their schedstat. 0 where there is none.
Nanoseconds computed_by_threads(const std::string& process) {
  Nanoseconds sum{0};
  std::error_code error;
  std::filesystem::directory_iterator task(process + "/task", error);
  for (; !error && task != std::filesystem::directory_iterator(); task.increment(error)) {
    std::int64_t computed = 0;
    std::ifstream(task->path() / "schedstat") >> computed;  // 0 from a thread that just ended
    sum += Nanoseconds{computed};
  }
  return sum;
}

}  // namespace

Result<ProcessCost> cost_of(pid_t pid, const std::string& proc) {
  const std::string process = fmt::format("{}/{}", proc, pid);
  std::ifstream file(process + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  // The second field is the program's name, which may hold anything but ends the last ')'.
  const auto name_end = text.rfind(')');
  if (!file || name_end == text.npos)
    return Error{fmt::format(
        "--pid {}: there is no such process here; `pidof orrery` prints the server's", pid)};
  std::istringstream fields(text.substr(name_end + 1));
  constexpr int user = 14, resident = 24;  // as proc(5) counts
  std::int64_t ticks = 0, pages = 0;
  std::string field;
  for (int number = 3; number <= resident && fields >> field; ++number) {
    if (number == user || number == user + 1) ticks += std::stoll(field);
    if (number == resident) pages = std::stoll(field);
  }
  Nanoseconds cpu = computed_by_threads(process);
  if (cpu == Nanoseconds{0}) cpu = Nanoseconds{ticks * (1'000'000'000 / ::sysconf(_SC_CLK_TCK))};
  return ProcessCost{
      cpu, static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
}

Nanoseconds own_cpu() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return of(usage.ru_utime) + of(usage.ru_stime);
}

}  // namespace orrery::cli
