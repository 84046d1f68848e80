#include "benchmarks/rig/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <thread>

namespace orrery::benchmarks {
namespace {

using namespace std::chrono_literals;

constexpr int patience_ms = 10'000;
constexpr auto moment = 20ms;

// Between fork and exec: nothing here may allocate.
[[noreturn]] void become(const Command& command, char** words, char** environment, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (command.core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(static_cast<std::size_t>(*command.core), &cores);
    ::sched_setaffinity(0, sizeof cores, &cores);
  }
  ::dup2(output, STDOUT_FILENO);
  ::execve(words[0], words, environment);
  ::_exit(127);
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The port in the first line `listening http://HOST:PORT`, if it is whole; 0 if there is none.
std::uint16_t port_in(std::string_view text) {
  const std::size_t begin = text.find("listening http://");
  const std::size_t end = text.find('\n', begin == std::string_view::npos ? 0 : begin);
  if (begin == std::string_view::npos || end == std::string_view::npos) return 0;
  const std::string_view line = text.substr(begin, end - begin);
  const std::string_view digits = line.substr(line.rfind(':') + 1);
  std::uint16_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

}  // namespace

Child::Child(pid_t pid, net::Descriptor output) : pid_(pid), output_(std::move(output)) {}

Child::~Child() {
  ::kill(pid_, SIGTERM);
  for (auto waited = 0ms; waited < 5s; waited += moment) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) return;
    std::this_thread::sleep_for(moment);
  }
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Result<std::unique_ptr<Child>> Child::start(const Command& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error{"cannot make a pipe"};
  net::Descriptor output(ends[0]);
  const net::Descriptor input(ends[1]);
  std::vector<std::string> words = command.words;
  std::vector<std::string> environment = command.environment;
  for (char** each = environ; *each != nullptr; ++each) environment.emplace_back(*each);
  auto word_pointers = pointers_to(words);
  auto environment_pointers = pointers_to(environment);
  const pid_t pid = ::fork();
  if (pid < 0) return Error{fmt::format("cannot fork: {}", std::strerror(errno))};
  if (pid == 0) become(command, word_pointers.data(), environment_pointers.data(), input.get());
  std::unique_ptr<Child> child(new Child(pid, std::move(output)));
  if (auto ready = child->wait_until_it_listens(); !ready)
    return Error{fmt::format("{}: {}", command.words[0], ready.error())};
  return child;
}

// Our end of the pipe's input is still open, so its end is noticed by the time that passes.
Result<void> Child::wait_until_it_listens() {
  std::string said;
  while ((port_ = port_in(said)) == 0) {
    pollfd readable{.fd = output_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, patience_ms) <= 0) return Error{"does not say where it listens"};
    std::array<char, 256> buffer;
    const ssize_t got = ::read(output_.get(), buffer.data(), buffer.size());
    if (got <= 0) return Error{"ended before it listened"};
    said.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return {};
}

std::chrono::nanoseconds Child::cpu_time_at_rest() const {
  std::this_thread::sleep_for(moment);
  std::chrono::nanoseconds sum{};
  for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid_))) {
    std::int64_t computed = 0;
    std::ifstream(task.path() / "schedstat") >> computed;
    sum += std::chrono::nanoseconds(computed);
  }
  return sum;
}

std::size_t Child::resident_bytes_at_rest() const {
  std::size_t before = 0;
  std::size_t now = 1;
  for (int tries = 0; tries < 100 && before != now; ++tries) {
    std::this_thread::sleep_for(moment);
    before = now;
    std::ifstream file(fmt::format("/proc/{}/smaps_rollup", pid_));
    for (std::string line; std::getline(file, line);)
      if (line.starts_with("Rss:")) now = std::stoul(line.substr(4)) * 1024;
  }
  return now;
}

}  // namespace orrery::benchmarks
