#include "supervisor/cache_folders.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "config/model/cache.h"

namespace baton::supervisor {
namespace {

class CacheFoldersTest : public testing::Test {
 protected:
  CacheFoldersTest() {
    std::string pattern = testing::TempDir() + "baton-folders-XXXXXX";
    root = ::mkdtemp(pattern.data());
  }
  ~CacheFoldersTest() override { std::filesystem::remove_all(root); }
  config::Proxy with_zone(const std::string& path) {
    auto zone = std::make_shared<config::CacheZone>();
    zone->path = path;
    config::Proxy config;
    config.cache_zones.push_back(zone);
    return config;
  }
  std::string root;
};

TEST_F(CacheFoldersTest, AreMadeForNobodyElseToRead) {
  EXPECT_FALSE(make_cache_folders(with_zone(root + "/c"), std::nullopt));
  struct stat status{};
  ASSERT_EQ(::stat((root + "/c").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  EXPECT_FALSE(make_cache_folders(with_zone(root + "/c"), std::nullopt));
}

TEST_F(CacheFoldersTest, BelongToTheProxysUser) {
  if (::geteuid() != 0) GTEST_SKIP();
  const Account owner{"somebody", 12345, 12345};
  EXPECT_FALSE(make_cache_folders(with_zone(root + "/c"), owner));
  struct stat status{};
  ASSERT_EQ(::stat((root + "/c").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 12345U);
}

TEST_F(CacheFoldersTest, CannotBeMadeBelowAFolderThatIsMissing) {
  const auto problem = make_cache_folders(with_zone(root + "/a/b"), std::nullopt);
  ASSERT_TRUE(problem);
  EXPECT_EQ(*problem, "mkdir() \"" + root + "/a/b\" failed (2: No such file or directory)");
}

}  // namespace
}  // namespace baton::supervisor
