// Files named by variables: with and without the cache.

#include "proxy/logs/named_log_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace baton::proxy {
namespace {

namespace fs = std::filesystem;

class NamedLogFilesTest : public testing::Test {
 protected:
  NamedLogFilesTest() {
    std::string pattern = (fs::temp_directory_path() / "baton-named-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~NamedLogFilesTest() override { fs::remove_all(folder_); }

  void write(const std::string& name, const config::LogFileCache* cache) {
    const int fd = files_.open(folder_ + "/" + name, cache, now_);
    ASSERT_GE(fd, 0);
    EXPECT_EQ(::write(fd, "x", 1), 1);
    files_.release();
  }
  auto size(const std::string& name) { return fs::file_size(folder_ + "/" + name); }

  std::string folder_;
  NamedLogFiles files_;
  Instant now_ = Instant{} + 100s;
};

TEST_F(NamedLogFilesTest, without_a_cache_every_line_opens_the_file) {
  write("a", nullptr);
  fs::rename(folder_ + "/a", folder_ + "/old");
  write("a", nullptr);
  EXPECT_EQ(size("a"), 1u);
  EXPECT_EQ(files_.count(), 0u);
}

TEST_F(NamedLogFilesTest, the_cache_keeps_a_file_for_as_long_as_it_is_valid) {
  const config::LogFileCache cache{10, 10s, 5s, 1};
  write("a", &cache);
  fs::rename(folder_ + "/a", folder_ + "/old");
  write("a", &cache);
  EXPECT_EQ(size("old"), 2u);
  now_ += 6s;
  write("a", &cache);
  EXPECT_EQ(size("a"), 1u);
}

TEST_F(NamedLogFilesTest, the_cache_has_a_bound_and_forgets_what_was_not_used_longest) {
  const config::LogFileCache cache{2, 10s, 60s, 1};
  for (const char* name : {"a", "b", "a", "c"}) write(name, &cache);
  EXPECT_EQ(files_.count(), 2u);
  fs::rename(folder_ + "/a", folder_ + "/old-a");
  fs::rename(folder_ + "/b", folder_ + "/old-b");
  write("a", &cache);
  write("b", &cache);
  EXPECT_EQ(size("old-a"), 3u);
  EXPECT_EQ(size("b"), 1u);
}

TEST_F(NamedLogFilesTest, files_below_min_uses_are_not_kept_open) {
  const config::LogFileCache cache{2, 10s, 60s, 3};
  write("a", &cache);
  fs::rename(folder_ + "/a", folder_ + "/old");
  write("a", &cache);
  EXPECT_EQ(size("a"), 1u);
}

TEST_F(NamedLogFilesTest, what_is_inactive_goes) {
  const config::LogFileCache cache{10, 1s, 60s, 1};
  write("a", &cache);
  now_ += 2s;
  write("b", &cache);
  EXPECT_EQ(files_.count(), 1u);
}

TEST_F(NamedLogFilesTest, a_file_that_cannot_be_opened_gives_nothing) {
  EXPECT_EQ(files_.open(folder_ + "/missing/a", nullptr, now_), -1);
}

}  // namespace
}  // namespace baton::proxy
