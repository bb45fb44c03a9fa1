#include "cache/freshness.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string_view>
#include <utility>

namespace baton::cache {
namespace {

constexpr Seconds now = 1'800'000'000;  // Fri, 15 Jan 2027 08:00:00 GMT

Freshness judge(std::initializer_list<std::pair<std::string_view, std::string_view>> lines,
                std::uint32_t ignored = 0) {
  http::HeaderTable headers;
  for (const auto& [name, value] : lines) headers.add(name, value, http::find_header_id(name));
  return judge_freshness(headers, ignored, now);
}

TEST(FreshnessTest, AResponseThatSaysNothingIsLeftToTheConfiguration) {
  const Freshness said = judge({{"Content-Type", "text/plain"}});
  EXPECT_TRUE(said.cacheable);
  EXPECT_EQ(said.valid_until, 0);
}

TEST(FreshnessTest, MaxAgeCountsFromNow) {
  EXPECT_EQ(judge({{"Cache-Control", "public, max-age=60"}}).valid_until, now + 60);
}

TEST(FreshnessTest, SharedMaxAgeGoesBeforeMaxAge) {
  EXPECT_EQ(judge({{"Cache-Control", "max-age=60, S-MAXAGE=5"}}).valid_until, now + 5);
}

TEST(FreshnessTest, WordsThatForbidAreUnderstoodInAnyCase) {
  for (const auto* word : {"no-cache", "No-Store", "private", "max-age=0", "s-maxage=0"}) {
    EXPECT_FALSE(judge({{"Cache-Control", word}}).cacheable) << word;
  }
}

TEST(FreshnessTest, AMaxAgeThatIsNoNumberForbids) {
  EXPECT_FALSE(judge({{"Cache-Control", "max-age=6x"}}).cacheable);
}

TEST(FreshnessTest, AnEnormousMaxAgeDoesNotOverflow) {
  const Freshness said = judge({{"Cache-Control", "max-age=99999999999999999999999999"}});
  EXPECT_GT(said.valid_until, now);
}

TEST(FreshnessTest, SeveralCacheControlLinesAddUp) {
  EXPECT_FALSE(judge({{"Cache-Control", "max-age=60"}, {"Cache-Control", "private"}}).cacheable);
}

TEST(FreshnessTest, ExpiresIsADate) {
  EXPECT_EQ(judge({{"Expires", "Fri, 15 Jan 2027 08:00:30 GMT"}}).valid_until, now + 30);
}

TEST(FreshnessTest, ExpiresInThePastOrUnreadableForbids) {
  EXPECT_FALSE(judge({{"Expires", "Fri, 15 Jan 2027 07:59:59 GMT"}}).cacheable);
  EXPECT_FALSE(judge({{"Expires", "0"}}).cacheable);
}

TEST(FreshnessTest, MaxAgeGoesBeforeExpiresInWhateverOrder) {
  const std::pair<std::string_view, std::string_view> expires{"Expires", "0"};
  const std::pair<std::string_view, std::string_view> control{"Cache-Control", "max-age=10"};
  for (const Freshness& said : {judge({expires, control}), judge({control, expires})}) {
    EXPECT_TRUE(said.cacheable);
    EXPECT_EQ(said.valid_until, now + 10);
  }
}

TEST(FreshnessTest, XAccelExpiresGoesBeforeEverything) {
  const Freshness said =
      judge({{"Cache-Control", "no-store"}, {"Expires", "0"}, {"X-Accel-Expires", "7"}});
  EXPECT_TRUE(said.cacheable);
  EXPECT_EQ(said.valid_until, now + 7);
}

TEST(FreshnessTest, XAccelExpiresMayBeAbsoluteAndZeroForbids) {
  EXPECT_EQ(judge({{"X-Accel-Expires", "@1800000099"}}).valid_until, now + 99);
  EXPECT_FALSE(judge({{"X-Accel-Expires", "0"}, {"Cache-Control", "max-age=9"}}).cacheable);
}

TEST(FreshnessTest, OfTwoXAccelExpiresTheFirstCounts) {
  const Freshness said = judge({{"X-Accel-Expires", "60"}, {"X-Accel-Expires", "0"}});
  EXPECT_TRUE(said.cacheable);
  EXPECT_EQ(said.valid_until, now + 60);
}

TEST(FreshnessTest, IgnoredHeadersSayNothing) {
  EXPECT_TRUE(judge({{"Set-Cookie", "a=b"}}, config::ignore_set_cookie).cacheable);
  EXPECT_TRUE(judge({{"Cache-Control", "private"}}, config::ignore_cache_control).cacheable);
  EXPECT_TRUE(judge({{"Expires", "0"}}, config::ignore_expires).cacheable);
  EXPECT_TRUE(judge({{"X-Accel-Expires", "0"}}, config::ignore_x_accel_expires).cacheable);
  EXPECT_EQ(judge({{"Vary", "Accept"}}, config::ignore_vary).vary, "");
}

TEST(FreshnessTest, ACookieForbids) {
  EXPECT_FALSE(judge({{"Set-Cookie", "a=b"}, {"X-Accel-Expires", "9"}}).cacheable);
}

TEST(FreshnessTest, VaryLinesAreJoinedAndAStarForbids) {
  EXPECT_EQ(judge({{"Vary", "Accept"}, {"Vary", "Cookie"}}).vary, "Accept, Cookie");
  EXPECT_FALSE(judge({{"Vary", "Accept"}, {"Vary", "*"}}).cacheable);
  EXPECT_FALSE(judge({{"Vary", std::string(129, 'x')}}).cacheable);
}

TEST(FreshnessTest, StaleWhileRevalidateAlsoCoversErrorsUnlessThoseHaveTheirOwnTime) {
  const Freshness one = judge({{"Cache-Control", "max-age=1, stale-while-revalidate=5"}});
  EXPECT_EQ(one.updating_seconds, 5);
  EXPECT_EQ(one.error_seconds, 5);
  const Freshness two =
      judge({{"Cache-Control", "max-age=1, stale-while-revalidate=5, stale-if-error=9"}});
  EXPECT_EQ(two.updating_seconds, 5);
  EXPECT_EQ(two.error_seconds, 9);
}

TEST(FreshnessTest, TheFirstConfiguredValidityThatFitsTheStatusCounts) {
  config::CacheSettings settings;
  settings.valid = {{200, 10s}, {404, 1min}, {0, 5s}};
  EXPECT_EQ(configured_validity(settings, 200), 10);
  EXPECT_EQ(configured_validity(settings, 404), 60);
  EXPECT_EQ(configured_validity(settings, 500), 5);
  settings.valid.pop_back();
  EXPECT_EQ(configured_validity(settings, 500), 0);
}

}  // namespace
}  // namespace baton::cache
