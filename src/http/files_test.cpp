#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "http/directory_files.h"
#include "http/memory_files.h"

namespace orrery::http {
namespace {

using namespace std::string_view_literals;
namespace fs = std::filesystem;
using Lookup = DirectoryFiles::Lookup;

// "name: bytes", "name, slash missing: bytes" for a directory without its slash, or "nothing".
std::string opened(FileSource& files, std::string_view path) {
  const auto file = files.open(path);
  if (!file) return "nothing";
  std::string bytes(file->info().bytes, '\0');
  EXPECT_EQ(file->read(0, bytes).value(), bytes.size());
  return file->info().name + (file->info().slash_missing ? ", slash missing: " : ": ") + bytes;
}

// A directory to serve with a secret beside it.
class Files : public testing::TestWithParam<Lookup> {
 protected:
  Files() {
    std::string name = (fs::temp_directory_path() / "orrery_files_XXXXXX").string();
    top_ = ::mkdtemp(name.data());
    fs::create_directories(top_ / "root/docs/empty");
    fs::create_directories(top_ / "root/.git");
    write("secret", "secret");
    write("root/a.txt", "hello");
    write("root/index.html", "home");
    write("root/docs/index.html", "docs");
    write("root/.env", "secret");
    write("root/.git/config", "secret");
    fs::create_symlink("../secret", top_ / "root/out");
    fs::create_symlink(top_ / "secret", top_ / "root/absolute");
    fs::create_directory_symlink("..", top_ / "root/up");
    fs::create_symlink("/proc/self/environ", top_ / "root/proc");
    fs::create_symlink("a.txt", top_ / "root/inside");
    EXPECT_EQ(::mkfifo((top_ / "root/fifo").c_str(), 0600), 0);
    files_ = DirectoryFiles::open_root((top_ / "root").string(), GetParam()).value();
  }
  ~Files() override { fs::remove_all(top_); }

  void write(const char* path, std::string_view bytes) const {
    std::ofstream(top_ / path, std::ios::binary) << bytes;
  }

  fs::path top_;
  std::unique_ptr<DirectoryFiles> files_;
};

INSTANTIATE_TEST_SUITE_P(Both, Files,
                         testing::Values(Lookup::confined_by_kernel, Lookup::by_segment),
                         [](const auto& lookup) {
                           return lookup.param == Lookup::by_segment ? "BySegment" : "ByKernel";
                         });

TEST_P(Files, ServesRegularFilesAndIndexPages) {
  EXPECT_EQ(opened(*files_, "a.txt"), "a.txt: hello");
  EXPECT_EQ(opened(*files_, ""), "index.html: home");
  EXPECT_EQ(opened(*files_, "docs/"), "index.html: docs");
  EXPECT_EQ(opened(*files_, "docs"), "index.html, slash missing: docs");
  EXPECT_EQ(opened(*files_, "docs/index.html"), "index.html: docs");
}

TEST_P(Files, ServesNothingElse) {
  const std::string long_name(5000, 'x');
  const struct {
    const char* name;
    std::string_view path;
  } rows[] = {
      {"what is not there", "b.txt"},
      {"a parent", "../secret"},
      {"a parent below", "docs/../a.txt"},
      {"a parent far up", "docs/../../secret"},
      {"a parent at the end", "docs/.."},
      {"the directory itself", "."},
      {"the directory below", "docs/./index.html"},
      {"an escape that nobody decoded", "%2e%2e/secret"},
      {"a slash that nobody decoded", "..%2fsecret"},
      {"an absolute path", "/etc/passwd"},
      {"an empty segment", "docs//index.html"},
      {"two slashes at the end", "docs//"},
      {"a NUL", "a.txt\0.html"sv},
      {"a link out of the root", "out"},
      {"an absolute link", "absolute"},
      {"a directory that leads out", "up/secret"},
      {"a link into the system", "proc"},
      {"a hidden file", ".env"},
      {"a hidden directory", ".git/config"},
      {"a directory without an index page", "docs/empty"},
      {"a directory without an index page, with slash", "docs/empty/"},
      {"a FIFO, which would block", "fifo"},
      {"a file as a directory", "a.txt/"},
      {"below a file", "a.txt/b"},
      {"a name that is too long", long_name},
  };
  for (const auto& row : rows) EXPECT_EQ(opened(*files_, row.path), "nothing") << row.name;
}

TEST_P(Files, LinksInsideTheRootAreServedWhereTheKernelConfines) {
  EXPECT_EQ(opened(*files_, "inside"),
            GetParam() == Lookup::confined_by_kernel ? "inside: hello" : "nothing");
}

TEST_P(Files, ReadsParts) {
  const auto file = files_->open("a.txt");
  char bytes[3] = {};
  EXPECT_EQ(file->read(1, bytes).value(), 3U);
  EXPECT_EQ(std::string_view(bytes, 3), "ell");
  EXPECT_EQ(file->read(4, bytes).value(), 1U);
  EXPECT_EQ(file->read(5, bytes).value(), 0U);
}

TEST_P(Files, TheTagChangesWithTheFile) {
  const auto before = files_->open("a.txt")->info();
  EXPECT_EQ(files_->open("a.txt")->info().etag, before.etag);
  fs::last_write_time(top_ / "root/a.txt",
                      fs::file_time_type::clock::now() + std::chrono::hours(1));
  const auto after = files_->open("a.txt")->info();
  EXPECT_NE(after.etag, before.etag);
  EXPECT_GT(after.modified, before.modified);
}

TEST_P(Files, TheRootStaysTheSameDirectory) {
  fs::rename(top_ / "root", top_ / "moved");
  fs::create_directory(top_ / "root");
  write("root/a.txt", "other");
  EXPECT_EQ(opened(*files_, "a.txt"), "a.txt: hello");
}

TEST(DirectoryFiles, SaysWhyARootCantBeServed) {
  const auto files = DirectoryFiles::open_root("/nowhere/at/all");
  ASSERT_FALSE(files.ok());
  EXPECT_EQ(files.error(), "can't serve files from /nowhere/at/all: No such file or directory");
}

TEST(MemoryFiles, ServesWhatWasAdded) {
  const auto time = std::chrono::system_clock::time_point(std::chrono::seconds(784111777));
  MemoryFiles files;
  files.add("index.html", "home", time);
  files.add("docs/index.html", "docs", time);
  files.add("docs/a.css", "css", time);
  files.add("same.css", "css", time);
  EXPECT_EQ(opened(files, ""), "index.html: home");
  EXPECT_EQ(opened(files, "docs/a.css"), "a.css: css");
  EXPECT_EQ(opened(files, "docs/"), "index.html: docs");
  EXPECT_EQ(opened(files, "docs"), "index.html, slash missing: docs");
  for (const auto path : {"b"sv, "doc"sv, "/docs/a.css"sv, "docs/../index.html"sv, "docs/a.css/"sv})
    EXPECT_EQ(opened(files, path), "nothing") << path;

  const auto css = files.open("docs/a.css");
  EXPECT_EQ(css->info().modified, time);
  EXPECT_EQ(css->info().etag, files.open("same.css")->info().etag) << "the tag is the content's";
  EXPECT_NE(css->info().etag, files.open("")->info().etag);
  files.add("docs/a.css", "changed", time);
  char bytes[2] = {};
  EXPECT_EQ(css->read(1, bytes).value(), 2U);
  EXPECT_EQ(std::string_view(bytes, 2), "ss") << "an open file keeps its bytes";
  EXPECT_EQ(css->read(9, bytes).value(), 0U);
}

}  // namespace
}  // namespace orrery::http
