#include "cache/cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "cache/cache_fixture.h"

namespace baton::cache {
namespace {

class CacheTest : public CacheFixture {};

std::string body_of(Lookup& lookup) {
  const Entry& entry = *lookup.entry();
  if (entry.has_body()) return std::string(entry.body());
  std::string body(entry.header().body_bytes, '\0');
  const runtime::Fd file = lookup.take_file();
  const auto got =
      ::pread(file.get(), body.data(), body.size(), static_cast<off_t>(entry.body_at()));
  EXPECT_EQ(got, static_cast<ssize_t>(body.size()));
  return body;
}

TEST_F(CacheTest, WhatWasStoredIsFoundWithHeadAndBody) {
  EXPECT_EQ(ask("k"), Outcome::miss);
  ASSERT_TRUE(store("k", "body"));
  Lookup lookup(*cache, "k");
  ASSERT_EQ(find(lookup), Outcome::hit);
  EXPECT_EQ(lookup.entry()->head(), head);
  EXPECT_EQ(body_of(lookup), "body");
}

TEST_F(CacheTest, ALargeBodyIsServedFromItsFile) {
  const std::string body(300'000, 'x');
  ASSERT_TRUE(store("k", body));
  Lookup lookup(*cache, "k");
  ASSERT_EQ(find(lookup), Outcome::hit);
  EXPECT_FALSE(lookup.entry()->has_body());
  EXPECT_EQ(body_of(lookup), body);
}

TEST_F(CacheTest, TheFileHasNginxsNameAndTheKeysLine) {
  ASSERT_TRUE(store("http://a/b", "body"));
  std::ifstream file(path("http://a/b"));
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(text.find("\nKEY: http://a/b\n"), std::string::npos);
}

TEST_F(CacheTest, EntriesOutliveTheProcess) {
  store("k", "body");
  restart();
  EXPECT_EQ(ask("k"), Outcome::hit);
}

TEST_F(CacheTest, ARemovedFileIsNoticedAtOnce) {
  store("k", "body");
  EXPECT_EQ(ask("k"), Outcome::hit);
  EXPECT_EQ(ask("k"), Outcome::hit);
  std::filesystem::remove(path("k"));
  EXPECT_EQ(ask("k"), Outcome::miss);
}

TEST_F(CacheTest, AnotherGenerationsNewFileIsServed) {
  store("k", "old!");
  EXPECT_EQ(ask("k"), Outcome::hit);
  const auto mine = std::move(cache);
  restart();
  store("k", "new!");
  cache = std::make_unique<Cache>(zone);
  Lookup lookup(*mine, "k");
  ASSERT_EQ(find(lookup), Outcome::hit);
  EXPECT_EQ(body_of(lookup), "new!");
}

TEST_F(CacheTest, AnExpiredEntryIsRenewedByOneRequestOnly) {
  store("k", "body", 10);
  EXPECT_EQ(ask("k", 10), Outcome::hit);
  Lookup first(*cache, "k");
  Lookup second(*cache, "k");
  EXPECT_EQ(find(first, 11), Outcome::stale);
  EXPECT_EQ(find(second, 11), Outcome::updating);
  first.release();
  EXPECT_EQ(ask("k", 11), Outcome::stale);
}

TEST_F(CacheTest, AnEntrySaysHowLongItMayBeUsedStale) {
  Lookup first(*cache, "k");
  find(first);
  Fill fill(first, request, {head, {}, wall + 10, 5, 20});
  ASSERT_TRUE(fill.write("body") && fill.commit());
  Lookup lookup(*cache, "k");
  ASSERT_EQ(find(lookup, 12), Outcome::stale);
  EXPECT_TRUE(lookup.usable_while_updating(wall + 15));
  EXPECT_FALSE(lookup.usable_while_updating(wall + 16));
  EXPECT_TRUE(lookup.usable_on_error(wall + 30));
  EXPECT_FALSE(lookup.usable_on_error(wall + 31));
}

TEST_F(CacheTest, ARenewedEntryIsFreshAgainAndSoItIsAfterARestart) {
  store("k", "body", 10);
  Lookup lookup(*cache, "k");
  ASSERT_EQ(find(lookup, 11), Outcome::stale);
  EXPECT_TRUE(lookup.renew(wall + 100, 0, 0));
  EXPECT_EQ(ask("k", 50), Outcome::hit);
  restart();
  EXPECT_EQ(ask("k", 50), Outcome::hit);
}

TEST_F(CacheTest, AFileThatWasReplacedIsNotRenewed) {
  store("k", "body", 10);
  Lookup lookup(*cache, "k");
  ASSERT_EQ(find(lookup, 11), Outcome::stale);
  write_file(path("k"), "something else");
  EXPECT_FALSE(lookup.renew(wall + 100, 0, 0));
}

TEST_F(CacheTest, VariantsHaveFilesOfTheirOwn) {
  accept_encoding("gzip");
  ASSERT_TRUE(store("k", "gzip", 60, "Accept-Encoding"));
  accept_encoding("br");
  EXPECT_EQ(ask("k"), Outcome::miss);
  ASSERT_TRUE(store("k", "brot", 60, "Accept-Encoding"));
  EXPECT_EQ(files(), 2U);
  Lookup brotli(*cache, "k");
  ASSERT_EQ(find(brotli), Outcome::hit);
  EXPECT_EQ(body_of(brotli), "brot");
  accept_encoding("gzip");
  Lookup gzip(*cache, "k");
  ASSERT_EQ(find(gzip), Outcome::hit);
  EXPECT_EQ(body_of(gzip), "gzip");
}

TEST_F(CacheTest, AResponseThatNoLongerVariesReplacesTheMainOne) {
  accept_encoding("gzip");
  store("k", "gzip", 60, "Accept-Encoding");
  accept_encoding("br");
  store("k", "all!", 60, "");
  accept_encoding("gzip");
  Lookup lookup(*cache, "k");
  ASSERT_EQ(find(lookup), Outcome::hit);
  EXPECT_EQ(body_of(lookup), "all!");
}

TEST_F(CacheTest, CollidingKeysAreToldApartByTheTextInTheFile) {
  store("other", "body");
  std::filesystem::create_directories(std::filesystem::path(path("k")).parent_path());
  std::filesystem::copy_file(path("other"), path("k"));
  Lookup lookup(*cache, "k");
  EXPECT_EQ(find(lookup), Outcome::miss);
  EXPECT_NE(lookup.problem().find("has md5 collision"), std::string::npos);
}

TEST_F(CacheTest, ForeignAndDamagedFilesAreMissesAndReplaced) {
  const std::string good = [&] {
    store("good", std::string(40'000, 'x'));
    std::ifstream file(path("good"));
    return std::string((std::istreambuf_iterator<char>(file)), {});
  }();
  std::string huge_head = good;
  huge_head.replace(16, 4, "\xff\xff\xff\xff");
  const std::string nginx_like = std::string("\5\0\0\0\0\0\0\0", 8) + std::string(400, 'n');
  for (const std::string& text :
       {std::string(), std::string("x"), nginx_like, huge_head, good.substr(0, 71),
        good.substr(0, 90), good.substr(0, 39'999), good + "more", std::string(100'000, '\0')}) {
    write_file(path("k"), text);
    restart();
    EXPECT_EQ(ask("k"), Outcome::miss);
    ASSERT_TRUE(store("k", "body"));
    EXPECT_EQ(ask("k"), Outcome::hit);
  }
}

TEST_F(CacheTest, AFolderInPlaceOfAFileIsAMiss) {
  std::filesystem::create_directories(path("k"));
  EXPECT_EQ(ask("k"), Outcome::miss);
  EXPECT_FALSE(store("k", "body"));
}

TEST_F(CacheTest, EntriesAreStoredFromTheirNthUseOn) {
  EXPECT_EQ(ask("k", 0, 3), Outcome::scarce);
  EXPECT_EQ(ask("k", 0, 3), Outcome::scarce);
  EXPECT_EQ(ask("k", 0, 3), Outcome::miss);
}

TEST_F(CacheTest, AnErrorIsRememberedForItsTime) {
  Lookup lookup(*cache, "k");
  find(lookup);
  lookup.remember_error(502, wall + 10);
  lookup.release();
  Lookup second(*cache, "k");
  EXPECT_EQ(find(second, 10), Outcome::error);
  EXPECT_EQ(second.error_status(), 502);
  second.release();
  EXPECT_EQ(ask("k", 11), Outcome::miss);
}

TEST_F(CacheTest, AFillThatIsNotCommittedLeavesNothing) {
  {
    Lookup lookup(*cache, "k");
    find(lookup);
    Fill fill(lookup, request, {head, {}, wall + 60, 0, 0});
    EXPECT_TRUE(fill.write(std::string(200'000, 'x')));
    EXPECT_EQ(files(), 1U);
  }
  EXPECT_EQ(files(), 0U);
  EXPECT_EQ(ask("k"), Outcome::miss);
  EXPECT_EQ(cache->index().size_bytes(), 0);
}

TEST_F(CacheTest, AFullDiskOnlyEndsTheFill) {
  // A folder that cannot be written stands for it: the path of a level is a file.
  write_file(std::filesystem::path(path("k")).parent_path(), "in the way");
  Lookup lookup(*cache, "k");
  find(lookup);
  Fill fill(lookup, request, {head, {}, wall + 60, 0, 0});
  EXPECT_FALSE(fill.write(std::string(200'000, 'x')));
  EXPECT_NE(fill.problem().find("failed ("), std::string::npos) << fill.problem();
  EXPECT_FALSE(fill.write("more"));
  EXPECT_FALSE(fill.commit());
}

TEST_F(CacheTest, TheSizeOfAllFilesIsKnown) {
  store("a", "body");
  store("b", std::string(10'000, 'x'));
  EXPECT_EQ(cache->index().size_bytes(), 4096 + 12288);
  store("b", "less");
  EXPECT_EQ(cache->index().size_bytes(), 4096 + 4096);
}

}  // namespace
}  // namespace baton::cache
