// Lines of real browsers, old and new.

#include "proxy/client/browser.h"

#include <gtest/gtest.h>

#include "config/nginx/browser.h"

namespace baton::proxy {
namespace {

constexpr std::string_view firefox =
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
constexpr std::string_view old_opera =
    "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; en) Opera 8.51";

BrowserAge age(const config::BrowserSettings& settings, std::string_view agent) {
  return browser_age(settings, &agent);
}

TEST(BrowserTest, versions_compare_part_by_part) {
  std::string_view rest;
  const auto read = [&rest](std::string_view text) {
    return config::nginx::read_browser_version(text, rest);
  };
  EXPECT_LT(read("1.7"), read("1.8"));
  EXPECT_LT(read("1.8.0.9"), read("1.8.0.12"));
  EXPECT_LT(read("9"), read("10.0"));
  read("5.0; Win");
  EXPECT_EQ(rest, "; Win");
}

TEST(BrowserTest, a_browser_is_modern_from_its_version_on) {
  config::BrowserSettings settings;
  settings.modern = {{"rv:", 13, 3, 100000000, 2}};
  EXPECT_EQ(age(settings, firefox), BrowserAge::modern);
  settings.modern[0].version = 200000000;
  EXPECT_EQ(age(settings, firefox), BrowserAge::ancient);
}

TEST(BrowserTest, who_says_to_be_another_is_asked_first) {
  config::BrowserSettings settings;
  settings.modern = {{"Opera", 0, 6, 9000000, 0}, {"MSIE ", 25, 5, 5000000, 1}};
  EXPECT_EQ(age(settings, old_opera), BrowserAge::ancient);
}

TEST(BrowserTest, the_rest_is_as_the_lists_say) {
  config::BrowserSettings settings;
  EXPECT_EQ(age(settings, "curl/8"), BrowserAge::ancient);
  EXPECT_EQ(browser_age(settings, nullptr), BrowserAge::ancient);
  settings.unlisted_are_modern = true;
  settings.ancient = {"Lynx"};
  settings.netscape4_is_ancient = true;
  EXPECT_EQ(age(settings, "curl/8"), BrowserAge::modern);
  EXPECT_EQ(browser_age(settings, nullptr), BrowserAge::modern);
  EXPECT_EQ(age(settings, "Lynx/2.8"), BrowserAge::ancient);
  EXPECT_EQ(age(settings, "Mozilla/4.72 [en] (X11)"), BrowserAge::ancient);
  EXPECT_EQ(age(settings, firefox), BrowserAge::modern);
}

}  // namespace
}  // namespace baton::proxy
