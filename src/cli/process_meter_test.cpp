#include "cli/process_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>

namespace orrery::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// What a kernel would say of process 7, in a folder of this test.
class ProcFolder {
 public:
  ProcFolder() : path_(testing::TempDir() + "proc_" + std::to_string(::getpid())) {
    std::filesystem::remove_all(path_);
  }
  ~ProcFolder() { std::filesystem::remove_all(path_); }

  void says(const std::string& file, const std::string& text) {
    const std::filesystem::path whole = path_ + "/7/" + file;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// 3 ticks of user and 4 of system time, 5 pages.
constexpr const char* stat_line =
    "7 (a ) (b) S 1 1 1 0 -1 0 0 0 0 0 3 4 0 0 20 0 2 0 100 900 5 0\n";

TEST(ProcessMeter, ReadsWhatAProcessCosts) {
  const auto cost = cost_of(::getpid());
  ASSERT_TRUE(cost) << cost.error();
  EXPECT_GT(cost->resident_bytes, 1u << 20);
  EXPECT_LE(cost->cpu, own_cpu() + 10ms);
}

TEST(ProcessMeter, SeesMillisecondsOfEveryThread) {
  const auto step = std::filesystem::exists("/proc/self/schedstat") ? 0ms : 10ms;
  const auto before = cost_of(::getpid());
  std::latch computed(1), measured(1);
  std::thread other([&] {
    const auto end = own_cpu() + 3ms;
    while (own_cpu() < end) continue;  // asking also brings the kernel's account up to date
    computed.count_down();
    measured.wait();
  });
  computed.wait();
  const auto after = cost_of(::getpid());
  measured.count_down();
  other.join();
  ASSERT_TRUE(before && after);
  EXPECT_GE(after->cpu - before->cpu + step, 3ms);
}

TEST(ProcessMeter, AddsTheNanosecondsOfAllThreads) {
  ProcFolder proc;
  proc.says("stat", stat_line);
  proc.says("task/7/schedstat", "1000000007 55 3\n");
  proc.says("task/8/schedstat", "2 0 1\n");
  proc.says("task/9/status", "this one just ended\n");
  const auto cost = cost_of(7, proc.path());
  ASSERT_TRUE(cost) << cost.error();
  EXPECT_EQ(cost->cpu, 1'000'000'009ns);
  EXPECT_EQ(cost->resident_bytes, 5u * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

TEST(ProcessMeter, CountsTicksWhereTheKernelHasNothingFiner) {
  ProcFolder proc;
  proc.says("stat", stat_line);
  const auto ticks = 7 * Nanoseconds{1'000'000'000 / ::sysconf(_SC_CLK_TCK)};
  const auto without = cost_of(7, proc.path());
  proc.says("task/7/schedstat", "0 0 0\n");
  const auto with_zeros = cost_of(7, proc.path());
  ASSERT_TRUE(without && with_zeros);
  EXPECT_EQ(without->cpu, ticks);
  EXPECT_EQ(with_zeros->cpu, ticks);
}

TEST(ProcessMeter, KnowsNoProcessThatIsNone) {
  const auto cost = cost_of(2'000'000'000);
  ASSERT_FALSE(cost);
  EXPECT_THAT(cost.error(), HasSubstr("pidof orrery"));
}

}  // namespace
}  // namespace orrery::cli
