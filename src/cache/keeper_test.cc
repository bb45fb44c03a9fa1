#include "cache/keeper.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "cache/cache_fixture.h"
#include "runtime/loop.h"

namespace baton::cache {
namespace {

class KeeperTest : public CacheFixture {
 protected:
  static bool wait_until(const std::function<bool()>& condition) {
    for (int i = 0; i < 500; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return condition();
  }
  void start() {
    keeper = std::make_unique<Keeper>(std::vector<Cache*>{cache.get()},
                                      [](LogLevel, std::string_view) {});
    keeper->start();
  }
  ~KeeperTest() override { keeper.reset(); }
  std::unique_ptr<Keeper> keeper;
};

TEST_F(KeeperTest, FindsTheEntriesOfAnEarlierRunAndNothingElse) {
  for (int i = 0; i < 20; ++i) store(std::to_string(i), "body");
  write_file(zone.path + "/README", "mine");
  write_file(zone.path + "/a/bb/notes.txt", "mine");
  // A good name in a folder that is not its own.
  write_file(zone.path + "/0/00/b7f54b2df7773722d382f4809d65029c", "mine");
  zone.loader_files = 5;
  zone.loader_sleep = 1ms;
  restart();
  start();
  EXPECT_TRUE(wait_until([&] { return cache->index().entries() == 20; }));
  EXPECT_EQ(cache->index().size_bytes(), 20 * 4096);
  EXPECT_EQ(files(), 23U);
}

TEST_F(KeeperTest, RemovesWhatACrashedProcessWasWriting) {
  store("k", "body");
  write_file(path("k") + ".2147483646-1", "half");
  write_file(path("k") + "." + std::to_string(::getppid()) + "-1", "somebody is at it");
  restart();
  start();
  EXPECT_TRUE(wait_until([&] { return files() == 2; }));
}

TEST_F(KeeperTest, RemovesWhatNobodyAskedFor) {
  zone.inactive = 1s;
  restart();
  store("k", "body");
  const auto other = md5("young");
  Index::Hold hold;
  std::optional<Key> removed;
  cache->index().use(other, hold, {runtime::monotonic_now() + 1h, 0, 1}, removed);
  cache->index().stored(hold, 4096);
  hold.release();
  start();
  EXPECT_TRUE(wait_until([&] { return files() == 0; }));
  EXPECT_EQ(cache->index().entries(), 1U);
}

TEST_F(KeeperTest, KeepsTheZoneWithinItsSizeOldestFirst) {
  zone.max_size_bytes = 10 * 4096;
  zone.inactive = 24h * 365 * 100;
  restart();
  start();
  for (int i = 0; i < 40; ++i) {
    const std::string key = std::to_string(i);
    Lookup lookup(*cache, key);
    lookup.find(request, terms(i));
    Fill fill(lookup, request, {head, {}, wall + 1000, 0, 0});
    ASSERT_TRUE(fill.write("body") && fill.commit());
  }
  EXPECT_TRUE(wait_until([&] { return files() <= 10; }));
  EXPECT_EQ(ask("39", 40), Outcome::hit);
  EXPECT_EQ(ask("0", 40), Outcome::miss);
}

TEST_F(KeeperTest, StopsInTheMiddleOfLoading) {
  for (int i = 0; i < 50; ++i) store(std::to_string(i), "body");
  zone.loader_files = 1;
  zone.loader_sleep = 1h;
  restart();
  start();
  EXPECT_TRUE(wait_until([&] { return cache->index().entries() >= 1; }));
  keeper->stop();
  EXPECT_LT(cache->index().entries(), 50U);
}

}  // namespace
}  // namespace baton::cache
