#include "apps/orrery/file_watch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace orrery::app {
namespace {

namespace fs = std::filesystem;

// Two files that are watched: "certificate" and "key".
class FileWatchTest : public testing::Test {
 protected:
  ~FileWatchTest() override { fs::remove_all(folder); }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder / name) << content;
  }
  /// How often a change is told in so many looks.
  int told_in(int looks) {
    told = 0;
    for (int i = 0; i < looks; ++i) watch.look();
    return told;
  }

  fs::path folder;
  int told = 0;
  FileWatch watch = made();

 private:
  FileWatch made() {
    std::string pattern = testing::TempDir() + "orrery_watch_XXXXXX";
    folder = ::mkdtemp(pattern.data());
    write("certificate", "1");
    write("key", "1");
    return {{folder / "certificate", folder / "key"}, [this] { ++told; }};
  }
};

TEST_F(FileWatchTest, TellsNothingWhileNothingChanges) {
  EXPECT_EQ(told_in(5), 0);
}

TEST_F(FileWatchTest, TellsAChangeOnceAndAgainTheNext) {
  write("certificate", "two");
  EXPECT_EQ(told_in(5), 1);
  write("certificate", "three");
  EXPECT_EQ(told_in(5), 1);
}

TEST_F(FileWatchTest, WaitsUntilAllHaveComeToRest) {
  write("certificate", "two");
  EXPECT_EQ(told_in(1), 0);
  write("key", "two");
  EXPECT_EQ(told_in(1), 0) << "the key has only just come";
  EXPECT_EQ(told_in(1), 1);
  EXPECT_EQ(told_in(5), 0);
}

TEST_F(FileWatchTest, NoticesAFileOfTheSameSizeThatTakesTheOldOnesPlace) {
  write("new", "2");
  fs::rename(folder / "new", folder / "key");
  EXPECT_EQ(told_in(5), 1);
}

TEST_F(FileWatchTest, NoticesThatALinkLeadsElsewhere) {
  fs::create_directories(folder / "a");
  fs::create_directories(folder / "b");
  write("a/file", "1");
  write("b/file", "1");
  fs::create_directory_symlink(folder / "a", folder / "data");
  FileWatch linked({folder / "data" / "file"}, [this] { ++told; });
  fs::create_directory_symlink(folder / "b", folder / "data2");
  fs::rename(folder / "data2", folder / "data");
  linked.look();
  EXPECT_EQ(told, 0);
  linked.look();
  linked.look();
  EXPECT_EQ(told, 1);
}

TEST_F(FileWatchTest, TellsThatAFileWentAndThatItCameBack) {
  fs::remove(folder / "key");
  EXPECT_EQ(told_in(5), 1);
  write("key", "1");
  EXPECT_EQ(told_in(5), 1);
}

}  // namespace
}  // namespace orrery::app
