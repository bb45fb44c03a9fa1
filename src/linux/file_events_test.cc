// Numbers in files, and what lies in their place.

#include "linux/file_events.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace baton::linux {
namespace {

class NumberFile : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/baton-number-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    path_ = folder_ + "/weight";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  std::string path_;
};

TEST_F(NumberFile, is_made_and_read) {
  ASSERT_TRUE(write_number(path_, -7, false));
  EXPECT_EQ(read_number(path_).value_or(0), -7);
}

TEST_F(NumberFile, is_written_over_only_when_that_is_wanted) {
  ASSERT_TRUE(write_number(path_, 123456, false));
  ASSERT_TRUE(write_number(path_, 5, false));
  EXPECT_EQ(read_number(path_).value_or(0), 123456);
  ASSERT_TRUE(write_number(path_, 5, true));
  EXPECT_EQ(read_number(path_).value_or(0), 5);
}

TEST_F(NumberFile, a_link_in_its_place_is_not_followed) {
  const std::string target = folder_ + "/target";
  ASSERT_TRUE(write_number(target, 1, false));
  ASSERT_EQ(::symlink(target.c_str(), path_.c_str()), 0);
  EXPECT_FALSE(write_number(path_, 5, true));
  EXPECT_EQ(read_number(target).value_or(0), 1);
}

TEST_F(NumberFile, a_pipe_in_its_place_keeps_nobody_waiting) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(write_number(path_, 5, true));
  EXPECT_FALSE(read_number(path_));
}

}  // namespace
}  // namespace baton::linux
