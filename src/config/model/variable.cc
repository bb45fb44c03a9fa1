// Looking values up.

#include "config/model/variable.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace baton::config {

namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// ::ffff:a.b.c.d as the IPv4 address that it stands for.
net::IpAddress unmapped(const net::IpAddress& address) {
  const auto bytes = address.bytes();
  if (address.is_ipv4() || !std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin())) {
    return address;
  }
  return net::IpAddress::ipv4(bytes.subspan<12, 4>());
}

std::optional<std::uint32_t> value_in(const ValueTable& table, std::string_view key) {
  const auto found = table.find(key);
  if (found == table.end()) return std::nullopt;
  return found->second;
}

}  // namespace

std::optional<std::uint32_t> find_by_name(const ValueTable& exact, const ValueTable& leading,
                                          const ValueTable& trailing, std::string_view key) {
  if (const auto value = value_in(exact, key)) return value;
  if (!leading.empty()) {
    // From the longest suffix to the shortest: behind each dot.
    for (std::size_t dot = key.find('.'); dot != std::string_view::npos;
         dot = key.find('.', dot + 1)) {
      if (const auto value = value_in(leading, key.substr(dot + 1))) return value;
    }
  }
  if (!trailing.empty()) {
    for (std::size_t dot = key.rfind('.'); dot != std::string_view::npos && dot > 0;
         dot = key.rfind('.', dot - 1)) {
      if (const auto value = value_in(trailing, key.substr(0, dot))) return value;
    }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> MapTable::find(std::string_view key) const {
  return find_by_name(exact, leading, trailing, key);
}

std::string_view GeoTable::find(const net::IpAddress& written) const {
  const net::IpAddress address = unmapped(written);
  const auto& stretches = address.is_ipv4() ? ipv4 : ipv6;
  auto behind = std::ranges::upper_bound(stretches, address, {}, &Stretch::first);
  if (behind == stretches.begin()) return {};
  const std::int32_t value = std::prev(behind)->value;
  return value < 0 ? std::string_view{} : std::string_view(values[static_cast<std::size_t>(value)]);
}

}  // namespace baton::config
