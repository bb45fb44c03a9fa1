// $modern_browser and $ancient_browser: what modern_browser and ancient_browser make of a client.
#pragma once

#include <string_view>

#include "config/model/browser.h"

namespace baton::proxy {

enum class BrowserAge : std::uint8_t { modern, ancient };

// `user_agent`: its User-Agent line; nullptr: it sent none.
BrowserAge browser_age(const config::BrowserSettings& settings, const std::string_view* user_agent);

}  // namespace baton::proxy
