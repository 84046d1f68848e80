// MemoryFiles serves files from memory: pages embedded in a gear, and tests.
//
// Owner   it owns the bytes; an OpenFile shares them.
// Thread  add() before it is shared; then open() from anywhere.
// Limit   what was added.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "http/file_source.h"

namespace orrery::http {

class MemoryFiles final : public FileSource {
 public:
  /// `path` as open() takes it ("docs/index.html"). The ETag comes from the bytes.
  void add(std::string path, std::string bytes, std::chrono::system_clock::time_point modified);

  std::unique_ptr<OpenFile> open(std::string_view path) override;

 private:
  struct File {
    std::shared_ptr<const std::string> bytes;
    FileInfo info;
  };
  [[nodiscard]] std::unique_ptr<OpenFile> open_file(const File& file, bool slash_missing) const;

  std::map<std::string, File, std::less<>> files_;
};

}  // namespace orrery::http
