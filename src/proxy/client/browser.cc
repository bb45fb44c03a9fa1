// Telling modern browsers from ancient ones, in nginx's order: those with a version first.

#include "proxy/client/browser.h"

#include <algorithm>

#include "config/nginx/browser.h"

namespace baton::proxy {

namespace {

// "Mozilla/1" to "Mozilla/4", and long enough for a whole line.
bool is_netscape4(std::string_view agent) {
  constexpr std::string_view name = "Mozilla/";
  constexpr std::size_t shortest = 13;
  return agent.size() > shortest && agent.starts_with(name) && agent[name.size()] > '0' &&
         agent[name.size()] < '5';
}

}  // namespace

BrowserAge browser_age(const config::BrowserSettings& settings,
                       const std::string_view* user_agent) {
  const BrowserAge unlisted =
      settings.unlisted_are_modern ? BrowserAge::modern : BrowserAge::ancient;
  if (!user_agent) return unlisted;
  const std::string_view agent = *user_agent;
  for (const config::ModernBrowser& browser : settings.modern) {
    const std::size_t at = agent.find(browser.name, browser.skip);
    if (at == std::string_view::npos || at + browser.version_at >= agent.size()) continue;
    std::string_view rest;
    const std::uint64_t version =
        config::nginx::read_browser_version(agent.substr(at + browser.version_at), rest);
    return version >= browser.version ? BrowserAge::modern : BrowserAge::ancient;
  }
  const bool listed = std::ranges::any_of(settings.ancient, [agent](const std::string& text) {
    return agent.find(text) != std::string_view::npos;
  });
  if (listed || (settings.netscape4_is_ancient && is_netscape4(agent))) return BrowserAge::ancient;
  return unlisted;
}

}  // namespace baton::proxy
