// Where static files come from: a directory, memory, one day an archive.
//
// Owner   whoever mounts it; an OpenFile belongs to the answer that is being sent.
// Thread  a file thread: every call here may block. One OpenFile is used by one thread at a time.
// Limit   read() fills at most the span it is given.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "orrery/result.h"

namespace orrery::http {

struct FileInfo {
  std::uint64_t bytes = 0;
  std::chrono::system_clock::time_point modified;
  std::string etag;            // with its quotes
  std::string name;            // the last segment; "index.html" when a directory was asked for
  bool slash_missing = false;  // a directory, asked for without the '/' its relative links need
};

class OpenFile {
 public:
  virtual ~OpenFile() = default;
  OpenFile() = default;
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] virtual const FileInfo& info() const = 0;
  /// Bytes from `offset`; 0 only at the end of the file.
  virtual Result<std::size_t> read(std::uint64_t offset, std::span<char> into) = 0;
};

class FileSource {
 public:
  virtual ~FileSource() = default;
  /// `path` is relative and already decoded; "" and "docs/" mean the directory's index.html. Null
  /// if there is no such regular file, or it is none of the client's business.
  virtual std::unique_ptr<OpenFile> open(std::string_view path) = 0;
};

/// Whether a path may be looked for at all: relative, without empty, "." or ".." segments, hidden
/// files or NUL; at most one trailing slash.
[[nodiscard]] bool is_servable(std::string_view path);

/// A validator from size and time in nanoseconds, the same on every node that has the same file.
[[nodiscard]] std::string etag_of(std::uint64_t bytes,
                                  std::chrono::system_clock::time_point modified);

}  // namespace orrery::http
