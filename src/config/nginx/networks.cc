// Reading networks.

#include "config/nginx/networks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace baton::config::nginx {

namespace {

// The address with the bits behind `length` all 0 or all 1.
net::IpAddress fill_behind(const net::IpAddress& address, std::size_t length, bool ones) {
  std::array<std::uint8_t, 16> bytes{};
  const auto old = address.bytes();
  std::ranges::copy(old, bytes.begin());
  for (std::size_t bit = length; bit < old.size() * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> bit % 8);
    auto& byte = bytes[bit / 8];
    byte = static_cast<std::uint8_t>(ones ? byte | mask : byte & ~mask);
  }
  if (address.is_ipv4()) {
    return net::IpAddress::ipv4(std::span<const std::uint8_t, 4>(bytes.data(), 4));
  }
  return net::IpAddress::ipv6(bytes);
}

}  // namespace

net::Prefix masked(const net::Prefix& prefix) {
  return {fill_behind(prefix.address, prefix.length, false), prefix.length};
}

net::IpAddress last_address(const net::Prefix& network) {
  return fill_behind(network.address, network.length, true);
}

std::optional<net::Prefix> parse_network(Reader& reader, const Directive& directive,
                                         std::size_t index) {
  const std::string& word = directive.word(index);
  const auto prefix = net::Prefix::parse(word);
  if (!prefix) {
    reader.error(directive, index, fmt::format("invalid network \"{}\"", word));
    return std::nullopt;
  }
  const net::Prefix network = masked(*prefix);
  if (network != *prefix) {
    reader.warning(directive, index, fmt::format("low address bits of {} are meaningless", word));
  }
  return network;
}

}  // namespace baton::config::nginx
