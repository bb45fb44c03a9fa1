// Versions of browsers as modern_browser and User-Agent lines have them.
#pragma once

#include <cstdint>
#include <string_view>

namespace baton::config::nginx {

// "1.8.0.12" as a number of two decimal digits for each part behind the first, which compares like
// the version; `rest` gets what stands behind it.
std::uint64_t read_browser_version(std::string_view text, std::string_view& rest);

}  // namespace baton::config::nginx
