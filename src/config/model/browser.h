// modern_browser and ancient_browser: which browsers are which, by their User-Agent lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace baton::config {

// A browser that is modern from a version on. Its name is looked for behind `skip` bytes of the
// line, its version stands `version_at` bytes behind the beginning of the name.
struct ModernBrowser {
  std::string name;
  std::size_t skip = 0;
  std::size_t version_at = 0;
  std::uint64_t version = 0;  // as read_browser_version() has it
  std::size_t order = 0;      // some say that they are others: the order in which they are asked
};

struct BrowserSettings {
  std::vector<ModernBrowser> modern;
  bool unlisted_are_modern = false;
  std::vector<std::string> ancient;  // texts of the line
  bool netscape4_is_ancient = false;
  std::string modern_value = "1";
  std::string ancient_value = "1";
};

}  // namespace baton::config
