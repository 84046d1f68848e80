#include "cli/new_gear.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace orrery::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string refusal_of(std::string_view name) {
  const auto files = project_of(name, "0.1.0");
  return files ? "accepted" : files.error();
}

std::string text_of(const std::vector<ProjectFile>& files, std::string_view name) {
  for (const auto& file : files)
    if (file.name == name) return file.text;
  ADD_FAILURE() << "no " << name;
  return "";
}

TEST(NewGear, IsAWholeProject) {
  const auto files = project_of("green_tea", "0.1.0");
  ASSERT_TRUE(files);
  EXPECT_THAT(text_of(*files, "CMakeLists.txt"),
              HasSubstr("find_package(orrery 0.1 CONFIG REQUIRED)"));
  EXPECT_THAT(text_of(*files, "CMakeLists.txt"), HasSubstr("add_executable(green_tea main.cpp)"));
  EXPECT_THAT(text_of(*files, "gear.h"),
              HasSubstr("class GreenTeaGear final : public orrery::Gear"));
  EXPECT_THAT(text_of(*files, "gear.cpp"), HasSubstr("namespace green_tea_gear {"));
  EXPECT_THAT(text_of(*files, "main.cpp"), HasSubstr("green_tea_gear::GreenTeaGear gear;"));
  EXPECT_THAT(text_of(*files, "gear_test.cpp"), HasSubstr("TEST(GreenTea, "));
  EXPECT_THAT(text_of(*files, "README.md"), HasSubstr("# green_tea\n"));
  EXPECT_EQ(files->size(), 6u);
}

TEST(NewGear, LeavesNoBlankUnfilled) {
  const auto files = project_of("tea2", "1.23.4");
  ASSERT_TRUE(files);
  for (const auto& file : *files) EXPECT_THAT(file.text, Not(HasSubstr("@"))) << file.name;
  EXPECT_THAT(text_of(*files, "CMakeLists.txt"), HasSubstr("find_package(orrery 1.23 CONFIG"));
}

TEST(NewGear, SaysWhichNamesItCanHave) {
  EXPECT_EQ(refusal_of("tea"), "accepted");
  EXPECT_EQ(refusal_of("t2_b"), "accepted");
  EXPECT_EQ(refusal_of("class"), "accepted");  // its namespace is class_gear
  EXPECT_EQ(refusal_of(std::string(40, 'a')), "accepted");
  EXPECT_THAT(refusal_of(""), HasSubstr("a gear needs a name"));
  EXPECT_THAT(refusal_of(std::string(41, 'a')), HasSubstr("41 letters, and may have 40"));
  EXPECT_THAT(refusal_of("Green-Tea"), HasSubstr("did you mean green_tea?"));
  EXPECT_THAT(refusal_of("tea__green"), HasSubstr("did you mean tea_green?"));
  EXPECT_THAT(refusal_of("tea_"), HasSubstr("did you mean tea?"));
  EXPECT_THAT(refusal_of("_tea"), HasSubstr("did you mean tea?"));
  EXPECT_THAT(refusal_of("../tea"), HasSubstr("did you mean tea?"));
  EXPECT_THAT(refusal_of("2tea"), HasSubstr("a letter first"));
  EXPECT_THAT(refusal_of("2tea"), Not(HasSubstr("did you mean")));
  EXPECT_THAT(refusal_of("t\xc3\xa9"), HasSubstr("is no name for a gear"));
  for (const auto* word : {"all", "orrery", "test"})
    EXPECT_THAT(refusal_of(word), HasSubstr(std::string("did you mean my_") + word + "?"));
}

// A folder that lives as long as its story.
class Place : public ::testing::Test {
 protected:
  Place()
      : folder_(std::filesystem::path(::testing::TempDir()) /
                ("orrery_new_gear_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Place() override { std::filesystem::remove_all(folder_); }

  Exit write(const std::string& name, const std::string& folder) {
    return write_new_gear(name, folder, "0.1.0", out, errors);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }

  std::ostringstream out{}, errors{};

 private:
  std::filesystem::path folder_;
};

using NewGearFolder = Place;

TEST_F(NewGearFolder, IsWrittenAndSaysWhatToDoNext) {
  EXPECT_EQ(write("tea", path("a/b/tea")), Exit::ok);
  EXPECT_TRUE(std::filesystem::exists(path("a/b/tea/gear_test.cpp")));
  EXPECT_THAT(out.str(), HasSubstr("cmake -B build && cmake --build build"));
  EXPECT_EQ(errors.str(), "");
}

TEST_F(NewGearFolder, ThatExistsIsLeftAsItIs) {
  std::ofstream(path("tea")) << "mine";
  EXPECT_EQ(write("tea", path("tea")), Exit::refused);
  EXPECT_THAT(errors.str(), HasSubstr("exists already, and is left as it is"));
  EXPECT_EQ(std::filesystem::file_size(path("tea")), 4u);
  std::filesystem::create_symlink("nowhere", path("link"));
  EXPECT_EQ(write("tea", path("link")), Exit::refused);
}

TEST_F(NewGearFolder, ThatCannotBeMadeIsTold) {
  std::ofstream(path("file")) << "in the way";
  EXPECT_EQ(write("tea", path("file/tea")), Exit::failed);
  EXPECT_THAT(errors.str(), HasSubstr("file/tea: Not a directory"));
}

TEST_F(NewGearFolder, IsNotMadeForABadName) {
  EXPECT_EQ(write("Tea", path("tea")), Exit::refused);
  EXPECT_FALSE(std::filesystem::exists(path("tea")));
  EXPECT_THAT(errors.str(), HasSubstr("orrery new-gear: \"Tea\" is no name"));
}

}  // namespace
}  // namespace orrery::cli
