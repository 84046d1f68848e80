// DirectoryFiles serves the regular files below one directory and nothing else.
//
// Owner   itself: it holds the directory open, so the root can't be swapped under it.
// Thread  open() from any file thread.
// Limit   one descriptor per OpenFile.
// Why     the kernel confines the look-up (openat2 with RESOLVE_BENEATH), so neither "..", a
// symbolic
//         link nor a race can leave the root. Kernels without it: segment by segment, no links.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/file_source.h"

namespace orrery::http {

class DirectoryFiles final : public FileSource {
 public:
  enum class Lookup { confined_by_kernel, by_segment };

  /// An Error says why the directory can't be opened.
  static Result<std::unique_ptr<DirectoryFiles>> open_root(const std::string& root);
  /// The same with the look-up chosen, for tests of the one that this kernel would not use.
  static Result<std::unique_ptr<DirectoryFiles>> open_root(const std::string& root, Lookup lookup);
  ~DirectoryFiles() override;

  std::unique_ptr<OpenFile> open(std::string_view path) override;

 private:
  DirectoryFiles(int root, Lookup lookup) : root_(root), lookup_(lookup) {}
  [[nodiscard]] int open_below(int directory, const std::string& path) const;

  int root_;
  Lookup lookup_;
};

}  // namespace orrery::http
