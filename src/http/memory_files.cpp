#include "http/memory_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace orrery::http {
namespace {

class MemoryFile final : public OpenFile {
 public:
  MemoryFile(std::shared_ptr<const std::string> bytes, FileInfo info)
      : bytes_(std::move(bytes)), info_(std::move(info)) {}

  [[nodiscard]] const FileInfo& info() const override { return info_; }
  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    if (offset >= bytes_->size()) return std::size_t{0};
    const auto from = static_cast<std::size_t>(offset);
    return bytes_->copy(into.data(), into.size(), from);
  }

 private:
  std::shared_ptr<const std::string> bytes_;
  FileInfo info_;
};

// FNV-1a, 64 bits: the same on every node, which std::hash does not promise.
std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

}  // namespace

void MemoryFiles::add(std::string path, std::string bytes,
                      std::chrono::system_clock::time_point modified) {
  FileInfo info;
  info.bytes = bytes.size();
  info.modified = modified;
  info.etag = fmt::format("\"{:016x}-{:x}\"", hash_of(bytes), bytes.size());
  info.name = path.substr(path.rfind('/') + 1);
  files_[std::move(path)] = {std::make_shared<const std::string>(std::move(bytes)), info};
}

std::unique_ptr<OpenFile> MemoryFiles::open(std::string_view path) {
  if (!is_servable(path)) return nullptr;
  if (const auto file = files_.find(path); file != files_.end())
    return open_file(file->second, false);
  const bool slash_missing = !path.empty() && !path.ends_with('/');
  const auto index = files_.find(std::string(path) + (slash_missing ? "/" : "") + "index.html");
  return index == files_.end() ? nullptr : open_file(index->second, slash_missing);
}

std::unique_ptr<OpenFile> MemoryFiles::open_file(const File& file, bool slash_missing) const {
  auto info = file.info;
  info.slash_missing = slash_missing;
  return std::make_unique<MemoryFile>(file.bytes, std::move(info));
}

}  // namespace orrery::http
