// modern_browser, ancient_browser and their values.

#include "config/nginx/browser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/model/browser.h"
#include "config/nginx/edit.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

BATON_TOPIC_SETTINGS(BrowserSettings, browser)

namespace baton::config::nginx {

std::uint64_t read_browser_version(std::string_view text, std::string_view& rest) {
  std::uint64_t version = 0;
  std::uint64_t part = 0;
  std::uint64_t scale = 1000000;
  while (!text.empty() && (is_digit(text.front()) || text.front() == '.')) {
    if (text.front() == '.') {
      version += part * scale;
      part = 0;
      scale /= 100;
    } else {
      part = part * 10 + static_cast<std::uint64_t>(text.front() - '0');
    }
    text.remove_prefix(1);
  }
  rest = text;
  return version + part * scale;
}

namespace {

// How the browsers that may be named write their User-Agent lines, in the order in which they are
// asked for: Opera says that it is MSIE, too.
struct Known {
  std::string_view word;
  std::string_view before;  // what stands in front of the name, at least
  std::string_view name;
  std::size_t version_at;
};
constexpr std::array<Known, 5> known_browsers{{
    {"opera", "", "Opera", 6},
    {"msie", "Mozilla/4.0 (compatible; ", "MSIE ", 5},
    {"gecko", "Mozilla/5.0 (", "rv:", 3},
    {"safari", "Mozilla/5.0 (", "Safari/", 7},
    {"konqueror", "Mozilla/5.0 (compatible; ", "Konqueror/", 10},
}};

BrowserSettings& settings(Reader& reader) {
  return edit(reader.level().location.browser);
}

void read_modern_browser(Reader& reader, const Directive& directive) {
  BrowserSettings& browsers = settings(reader);
  if (reader.first_on_level()) {
    browsers.modern.clear();
    browsers.unlisted_are_modern = false;
  }
  const std::string& word = directive.word(1);
  if (directive.count() == 1 && word == "unlisted") {
    browsers.unlisted_are_modern = true;
    return;
  }
  const auto known = std::ranges::find_if(
      known_browsers, [&word](const Known& one) { return equals_ignoring_case(one.word, word); });
  if (directive.count() == 1 || known == known_browsers.end()) {
    return reader.error(directive, 1, fmt::format("unknown browser name \"{}\"", word));
  }
  std::string_view rest;
  const std::uint64_t version = read_browser_version(directive.word(2), rest);
  if (!rest.empty()) {
    return reader.error(directive, 2,
                        fmt::format("invalid browser version \"{}\"", directive.word(2)));
  }
  ModernBrowser browser{std::string(known->name), known->before.size(), known->version_at, version,
                        static_cast<std::size_t>(known - known_browsers.begin())};
  const auto place =
      std::ranges::upper_bound(browsers.modern, browser.order, {}, &ModernBrowser::order);
  browsers.modern.insert(place, std::move(browser));
}

void read_ancient_browser(Reader& reader, const Directive& directive) {
  BrowserSettings& browsers = settings(reader);
  if (reader.first_on_level()) {
    browsers.ancient.clear();
    browsers.netscape4_is_ancient = false;
  }
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    if (directive.word(i) == "netscape4") {
      browsers.netscape4_is_ancient = true;
    } else {
      browsers.ancient.push_back(directive.word(i));
    }
  }
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("modern_browser", hsl, take12, read_modern_browser),
    supported("ancient_browser", hsl, take1_or_more, read_ancient_browser),
    supported("modern_browser_value", hsl, take1, set_text<&BrowserSettings::modern_value>,
              Value::text),
    supported("ancient_browser_value", hsl, take1, set_text<&BrowserSettings::ancient_value>,
              Value::text),
};

}  // namespace

std::span<const Rule> browser_rules() {
  return rules;
}

}  // namespace baton::config::nginx
