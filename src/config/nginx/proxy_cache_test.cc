#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/model/cache.h"
#include "config/nginx/load_text.h"
#include "http/head.h"

namespace baton::config::nginx {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr std::string_view zone = "proxy_cache_path /c keys_zone=z:1m;";

Loaded load_cache(std::string_view http_text, std::string_view location_text) {
  return load_http(fmt::format("{} server {{ location / {{ proxy_pass http://127.0.0.1:1; {} }} }}",
                               http_text, location_text));
}

std::shared_ptr<const CacheSettings> caching(std::string_view location_text,
                                             std::string_view http_text = zone) {
  const Loaded loaded = load_cache(http_text, location_text);
  EXPECT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  return loaded.proxy ? loaded.proxy->servers[0].locations[1].cache : nullptr;
}

std::vector<std::string> errors(std::string_view http_text, std::string_view location_text = "") {
  return load_cache(http_text, location_text).errors();
}

TEST(ProxyCachePath, TakesItsParameters) {
  const Loaded loaded = load_cache(
      "proxy_cache_path /var/cache/ levels=1:2:1 keys_zone=one:10m inactive=2h max_size=1g "
      "min_free=5m use_temp_path=off loader_files=7 loader_sleep=8 loader_threshold=9ms "
      "manager_files=1 manager_sleep=2s manager_threshold=3s;",
      "");
  ASSERT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  const CacheZone& one = *loaded.proxy->cache_zones.at(0);
  EXPECT_EQ(one.name, "one");
  EXPECT_EQ(one.path, "/var/cache");
  EXPECT_EQ(one.keys_bytes, 10U << 20);
  EXPECT_EQ(one.levels, (std::array<std::uint8_t, 3>{1, 2, 1}));
  EXPECT_EQ(one.inactive, 2h);
  EXPECT_EQ(one.max_size_bytes, 1U << 30);
  EXPECT_EQ(one.min_free_bytes, 5U << 20);
  EXPECT_EQ(one.loader_files, 7U);
  EXPECT_EQ(one.loader_sleep, 8s);
  EXPECT_EQ(one.loader_threshold, 9ms);
  EXPECT_EQ(one.manager_files, 1U);
  EXPECT_EQ(one.manager_sleep, 2s);
  EXPECT_EQ(one.manager_threshold, 3s);
}

TEST(ProxyCachePath, RefusesInNginxsWords) {
  const auto only = [](std::string_view parameters) {
    const auto all = errors(fmt::format("proxy_cache_path /c {};", parameters));
    return all.empty() ? "" : all[0];
  };
  EXPECT_THAT(only("levels=1"), HasSubstr(R"("proxy_cache_path" must have "keys_zone" parameter)"));
  EXPECT_THAT(only("keys_zone=a"), HasSubstr(R"(invalid keys zone size "keys_zone=a")"));
  EXPECT_THAT(only("keys_zone=a:1k"), HasSubstr(R"(keys zone "keys_zone=a:1k" is too small)"));
  EXPECT_THAT(only("keys_zone=a:1m levels=1:3"), HasSubstr(R"(invalid "levels" "levels=1:3")"));
  EXPECT_THAT(only("keys_zone=a:1m levels=1:1:1:1"), HasSubstr("invalid \"levels\""));
  EXPECT_THAT(only("keys_zone=a:1m inactive=x"),
              HasSubstr(R"(invalid inactive value "inactive=x")"));
  EXPECT_THAT(only("keys_zone=a:1m max_size=x"),
              HasSubstr(R"(invalid max_size value "max_size=x")"));
  EXPECT_THAT(only("keys_zone=a:1m loader_files=x"),
              HasSubstr(R"(invalid loader_files value "loader_files=x")"));
  EXPECT_THAT(
      only("keys_zone=a:1m use_temp_path=x"),
      HasSubstr(R"(invalid use_temp_path value "use_temp_path=x", it must be "on" or "off")"));
  EXPECT_THAT(only("keys_zone=a:1m foo=1"), HasSubstr(R"(invalid parameter "foo=1")"));
  EXPECT_THAT(only("keys_zone=a:1m purger=on"), HasSubstr("not supported by baton"));
}

TEST(ProxyCachePath, ZonesAndPathsAreUsedOnce) {
  EXPECT_THAT(errors("proxy_cache_path /c keys_zone=a:1m; proxy_cache_path /d keys_zone=a:1m;"),
              Contains(HasSubstr("duplicate zone \"a\"")));
  EXPECT_THAT(errors("proxy_cache_path /c keys_zone=a:1m; proxy_cache_path /c/ keys_zone=b:1m;"),
              Contains(HasSubstr("the same path name \"/c\" used in")));
}

TEST(ProxyCache, AZoneMayBeDescribedBehindItsUse) {
  const Loaded loaded = load_http(
      "server { proxy_cache late; location / { proxy_pass http://127.0.0.1:1; } } "
      "proxy_cache_path /c keys_zone=late:1m;");
  ASSERT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  const auto cache = loaded.proxy->servers[0].locations[1].cache;
  ASSERT_TRUE(cache);
  ASSERT_TRUE(cache->zone);
  EXPECT_EQ(cache->zone->path, "/c");
  EXPECT_EQ(loaded.proxy->cache_zones.at(cache->zone->index), cache->zone);
}

TEST(ProxyCache, AnUnknownZoneIsAnError) {
  EXPECT_THAT(errors("", "proxy_cache nowhere;"),
              Contains(HasSubstr("\"proxy_cache\" zone \"nowhere\" is unknown")));
}

TEST(ProxyCache, IsOffUnlessAZoneIsNamedOnTheInnermostLevel) {
  EXPECT_EQ(caching(""), nullptr);
  EXPECT_TRUE(caching("proxy_cache z;")->is_on());
  EXPECT_TRUE(caching("proxy_cache $host;")->is_on());
  EXPECT_FALSE(caching("proxy_cache off;", fmt::format("{} proxy_cache z;", zone))->is_on());
}

TEST(ProxyCache, TakesItsFamily) {
  const auto cache = caching(
      "proxy_cache z; proxy_cache_key $host$uri; proxy_cache_min_uses 3; proxy_cache_lock on; "
      "proxy_cache_lock_age 1s; proxy_cache_lock_timeout 2s; proxy_cache_revalidate on; "
      "proxy_cache_background_update on; proxy_cache_convert_head off; "
      "proxy_cache_max_range_offset 1g; proxy_cache_methods POST; "
      "proxy_cache_use_stale error updating http_503; proxy_cache_bypass $arg_a $arg_b; "
      "proxy_cache_bypass $arg_c; proxy_no_cache $arg_d; "
      "proxy_ignore_headers Set-Cookie Vary X-Accel-Buffering;");
  ASSERT_TRUE(cache);
  EXPECT_TRUE(cache->key);
  EXPECT_EQ(cache->min_uses, 3U);
  EXPECT_TRUE(cache->lock);
  EXPECT_EQ(cache->lock_age, 1s);
  EXPECT_EQ(cache->lock_timeout, 2s);
  EXPECT_TRUE(cache->revalidate);
  EXPECT_TRUE(cache->background_update);
  EXPECT_FALSE(cache->convert_head);
  EXPECT_EQ(cache->max_range_offset, 1U << 30);
  EXPECT_EQ(cache->methods, 1U << static_cast<unsigned>(http::Method::post));
  EXPECT_EQ(cache->use_stale, next_on_error | next_on_http_503 | use_stale_updating);
  EXPECT_EQ(cache->bypass.size(), 3U);
  EXPECT_EQ(cache->no_cache.size(), 1U);
  EXPECT_EQ(cache->ignored_headers, ignore_set_cookie | ignore_vary);
}

TEST(ProxyCache, ValidityIsForTheUsualStatusesUnlessSomeAreNamed) {
  const auto cache = caching(
      "proxy_cache_valid 404 1m; proxy_cache_valid 10s; "
      "proxy_cache_valid any 1s;");
  ASSERT_TRUE(cache);
  ASSERT_EQ(cache->valid.size(), 5U);
  EXPECT_EQ(cache->valid[0].status, 404);
  EXPECT_EQ(cache->valid[2].status, 301);
  EXPECT_EQ(cache->valid[2].time, 10s);
  EXPECT_EQ(cache->valid[4].status, 0);
}

TEST(ProxyCache, ListsAreInheritedAsAWhole) {
  const auto cache =
      caching("proxy_cache_valid 404 1m;", fmt::format("{} proxy_cache_valid 1h;", zone));
  ASSERT_TRUE(cache);
  EXPECT_EQ(cache->valid.size(), 1U);
}

TEST(ProxyCache, RefusesValuesInNginxsWords) {
  EXPECT_THAT(errors("", "proxy_cache_valid 99 1m;"), Contains(HasSubstr("invalid status \"99\"")));
  EXPECT_THAT(errors("", "proxy_cache_valid 200 x;"),
              Contains(HasSubstr("invalid time value \"x\"")));
  EXPECT_THAT(errors("", "proxy_cache_methods PUT;"), Contains(HasSubstr("invalid value \"PUT\"")));
  EXPECT_THAT(errors("", "proxy_cache_use_stale foo;"),
              Contains(HasSubstr("invalid value \"foo\"")));
  EXPECT_THAT(errors("", "proxy_cache_key a; proxy_cache_key b;"),
              Contains(HasSubstr("\"proxy_cache_key\" directive is duplicate")));
  EXPECT_THAT(errors("", "proxy_cache_purge on;"), Contains(HasSubstr("not supported by baton")));
}

}  // namespace
}  // namespace baton::config::nginx
