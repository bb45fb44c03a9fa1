// Walking lists of addresses from their end.

#include "proxy/client/forwarded.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/text.h"

namespace baton::proxy {

namespace {

// "1.2.3.4", "1.2.3.4:80", "::1", "[::1]:80".
std::optional<ForwardedAddress> parse_entry(std::string_view text) {
  if (const auto address = net::IpAddress::parse(text)) return ForwardedAddress{*address, {}, true};
  if (const auto endpoint = net::Endpoint::parse(text)) {
    return ForwardedAddress{endpoint->address, endpoint->port, true};
  }
  if (text.starts_with('[') && text.ends_with(']')) {
    const auto address = net::IpAddress::parse(text.substr(1, text.size() - 2));
    if (address) return ForwardedAddress{*address, {}, true};
  }
  return std::nullopt;
}

// Cuts the last entry off.
std::string_view take_last(std::string_view& list) {
  const std::size_t end = list.find_last_not_of(" ,");
  if (end == std::string_view::npos) {
    list = {};
    return {};
  }
  list = list.substr(0, end + 1);
  const std::size_t before = list.find_last_of(" ,");
  const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
  const std::string_view entry = list.substr(start);
  list = list.substr(0, start);
  return entry;
}

// True when the walk has come to its end.
bool walk(ForwardedAddress& found, std::string_view list, std::span<const net::Prefix> trusted,
          bool recursive) {
  while (true) {
    const std::string_view entry = take_last(list);
    if (entry.empty()) return false;
    if (!is_trusted(found.address, trusted)) return true;
    const auto parsed = parse_entry(entry);
    if (!parsed) return true;
    found = *parsed;
    if (!recursive) return true;
  }
}

}  // namespace

bool is_trusted(const net::IpAddress& address, std::span<const net::Prefix> trusted) {
  return std::ranges::any_of(trusted,
                             [&](const net::Prefix& network) { return network.contains(address); });
}

ForwardedAddress forwarded_address(const net::IpAddress& address, const http::HeaderTable& headers,
                                   http::HeaderId header, std::span<const net::Prefix> trusted,
                                   bool recursive) {
  ForwardedAddress found{address, {}, false};
  // Few lines are usual; more than this many are not walked through.
  std::array<std::string_view, 32> lines;
  std::size_t count = 0;
  for (const http::Header* line = headers.find(header); line && count < lines.size();
       line = headers.next(*line)) {
    lines[count++] = line->value;
  }
  while (count > 0) {
    if (walk(found, lines[--count], trusted, recursive)) break;
  }
  return found;
}

ForwardedAddress forwarded_address(const net::IpAddress& address, std::string_view list,
                                   std::span<const net::Prefix> trusted, bool recursive) {
  ForwardedAddress found{address, {}, false};
  walk(found, list, trusted, recursive);
  return found;
}

}  // namespace baton::proxy
