// Where temporary files go: a folder, and how many digits of a file's name make the folders below
// it (nginx's `path [level1 [level2 [level3]]]`).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace baton::config {

struct TemporaryPath {
  std::string path;  // absolute; empty: the default of who asks
  std::array<std::uint8_t, 3> levels{};
};

// As Debian builds nginx.
inline constexpr std::string_view default_body_folder = "/var/lib/nginx/body";
inline constexpr std::string_view default_proxy_folder = "/var/lib/nginx/proxy";

}  // namespace baton::config
