// A FileWatch notices that files were written or replaced, and says so once they have come to rest.
//
// Owner   serve().
// Thread  one: whoever calls look(), in equal steps.
// Limit   a stat(2) per file and look; two looks until a change is told.
// Why     looks instead of inotify(7): a file that is a link into a folder that is exchanged, as
//         certbot and Kubernetes do it, changes without an event of its own. And a certificate and
//         its key are written one after the other: what is told must be both.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace orrery::app {

class FileWatch {
 public:
  /// The time that should lie between two looks.
  static constexpr std::chrono::milliseconds step{1'000};

  /// `changed` is called by look(): once for each change since now, whatever comes of it.
  FileWatch(std::vector<std::string> files, std::function<void()> changed);

  void look();

 private:
  /// All zero where there is no file.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t bytes = 0;
    std::int64_t modified = 0;  // nanoseconds since 1970, and so is the next
    std::int64_t changed = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  using Stamps = std::vector<Stamp>;

  [[nodiscard]] Stamps stamps() const;

  const std::vector<std::string> files_;
  const std::function<void()> changed_;
  Stamps told_;  // of what was told last, or there at first
  Stamps seen_;  // at the last look
};

}  // namespace orrery::app
