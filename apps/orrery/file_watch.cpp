#include "apps/orrery/file_watch.h"

#include <sys/stat.h>

#include <utility>

namespace orrery::app {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileWatch::FileWatch(std::vector<std::string> files, std::function<void()> changed)
    : files_(std::move(files)), changed_(std::move(changed)), told_(stamps()), seen_(told_) {}

void FileWatch::look() {
  Stamps now = stamps();
  const bool rests = now == seen_;
  seen_ = std::move(now);
  if (!rests || seen_ == told_) return;
  told_ = seen_;
  changed_();
}

FileWatch::Stamps FileWatch::stamps() const {
  Stamps all;
  for (const std::string& file : files_) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0)
      all.emplace_back();
    else
      all.push_back({found.st_dev, found.st_ino, found.st_size, nanoseconds(found.st_mtim),
                     nanoseconds(found.st_ctim)});
  }
  return all;
}

}  // namespace orrery::app
