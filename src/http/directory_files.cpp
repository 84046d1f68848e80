#include "http/directory_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace orrery::http {
namespace {

// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

// O_NONBLOCK: opening a FIFO must not wait for a writer; regular files don't mind.
constexpr int read_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

int open_confined(int directory, const char* path) {
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(read_flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: something was renamed meanwhile; the kernel asks to try again.
  for (int attempt = 0; attempt < 8; ++attempt) {
    const auto fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return static_cast<int>(fd);
  }
  return -1;
}

int open_by_segment(int root, const std::string& path) {
  Descriptor directory(::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::size_t start = 0;
  for (auto end = path.find('/'); directory && end != std::string::npos;
       end = path.find('/', start)) {
    const auto segment = path.substr(start, end - start);
    directory = Descriptor(
        ::openat(directory.get(), segment.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    start = end + 1;
  }
  if (!directory) return -1;
  return ::openat(directory.get(), path.substr(start).c_str(), read_flags | O_NOFOLLOW);
}

class DiskFile final : public OpenFile {
 public:
  DiskFile(Descriptor fd, FileInfo info) : fd_(std::move(fd)), info_(std::move(info)) {}

  [[nodiscard]] const FileInfo& info() const override { return info_; }
  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    while (true) {
      const auto got = ::pread(fd_.get(), into.data(), into.size(), static_cast<off_t>(offset));
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return Error{"can't read " + info_.name + ": " + std::strerror(errno)};
    }
  }

 private:
  Descriptor fd_;
  FileInfo info_;
};

FileInfo info_of(const struct stat& status, const std::string& path) {
  FileInfo info;
  info.bytes = static_cast<std::uint64_t>(status.st_size);
  info.modified =
      std::chrono::system_clock::time_point(std::chrono::seconds(status.st_mtim.tv_sec) +
                                            std::chrono::nanoseconds(status.st_mtim.tv_nsec));
  info.etag = etag_of(info.bytes, info.modified);
  info.name = path.substr(path.rfind('/') + 1);
  return info;
}

}  // namespace

Result<std::unique_ptr<DirectoryFiles>> DirectoryFiles::open_root(const std::string& root) {
  const Descriptor probe(open_confined(AT_FDCWD, "."));
  // Seccomp filters of older containers answer EPERM.
  const bool lacking = !probe && (errno == ENOSYS || errno == EPERM);
  return open_root(root, lacking ? Lookup::by_segment : Lookup::confined_by_kernel);
}

Result<std::unique_ptr<DirectoryFiles>> DirectoryFiles::open_root(const std::string& root,
                                                                  Lookup lookup) {
  const int fd = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Error{"can't serve files from " + root + ": " + std::strerror(errno)};
  return std::unique_ptr<DirectoryFiles>(new DirectoryFiles(fd, lookup));
}

DirectoryFiles::~DirectoryFiles() {
  ::close(root_);
}

int DirectoryFiles::open_below(int directory, const std::string& path) const {
  return lookup_ == Lookup::confined_by_kernel ? open_confined(directory, path.c_str())
                                               : open_by_segment(directory, path);
}

std::unique_ptr<OpenFile> DirectoryFiles::open(std::string_view path) {
  if (!is_servable(path)) return nullptr;
  const bool slash = path.empty() || path.ends_with('/');
  std::string name(path.substr(0, path.size() - (slash && !path.empty() ? 1 : 0)));
  Descriptor file(open_below(root_, name.empty() ? "." : name));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return nullptr;
  const bool directory = S_ISDIR(status.st_mode);
  if (directory) {
    name += name.empty() ? "index.html" : "/index.html";
    file = Descriptor(open_below(root_, name));
    if (!file || ::fstat(file.get(), &status) != 0) return nullptr;
  } else if (slash) {
    return nullptr;  // "page.html/" names nothing
  }
  if (!S_ISREG(status.st_mode)) return nullptr;
  auto info = info_of(status, name);
  info.slash_missing = directory && !slash;
  return std::make_unique<DiskFile>(std::move(file), std::move(info));
}

}  // namespace orrery::http
