// Parsing and printing of addresses; the kernel's presentation functions do the IPv6 text.

#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/assert.h"
#include "base/text.h"

namespace baton::net {

IpAddress IpAddress::ipv4(std::span<const std::uint8_t, 4> bytes) {
  IpAddress address;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  const std::array<std::uint8_t, 4> bytes{a, b, c, d};
  return ipv4(bytes);
}

IpAddress IpAddress::ipv6(std::span<const std::uint8_t, 16> bytes) {
  IpAddress address;
  address.family_ = Family::ipv6;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof terminated) return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = 0;
  IpAddress address;
  if (text.find(':') != std::string_view::npos) {
    address.family_ = Family::ipv6;
    if (inet_pton(AF_INET6, terminated, address.bytes_.data()) != 1) return std::nullopt;
  } else if (inet_pton(AF_INET, terminated, address.bytes_.data()) != 1) {
    return std::nullopt;
  }
  return address;
}

IpAddress IpAddress::any(Family family) {
  IpAddress address;
  address.family_ = family;
  return address;
}

std::uint32_t IpAddress::ipv4_value() const {
  BATON_ASSERT(is_ipv4());
  return static_cast<std::uint32_t>(bytes_[0]) << 24 | static_cast<std::uint32_t>(bytes_[1]) << 16 |
         static_cast<std::uint32_t>(bytes_[2]) << 8 | bytes_[3];
}

bool IpAddress::is_any() const {
  return std::ranges::all_of(bytes(), [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_multicast() const {
  return is_ipv4() ? (bytes_[0] & 0xf0) == 0xe0 : bytes_[0] == 0xff;
}

bool IpAddress::is_link_local() const {
  return is_ipv4() ? bytes_[0] == 169 && bytes_[1] == 254
                   : bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN];
  if (is_ipv4()) {
    // By hand: the request path asks for it, and inet_ntop goes through printf.
    char* end = buffer;
    for (int i = 0; i < 4; ++i) {
      if (i > 0) *end++ = '.';
      end = std::to_chars(end, buffer + sizeof buffer, bytes_[static_cast<std::size_t>(i)]).ptr;
    }
    return {buffer, end};
  }
  inet_ntop(is_ipv4() ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
  return buffer;
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned longest = address->is_ipv4() ? 32 : 128;
  if (slash == std::string_view::npos) return Prefix{*address, static_cast<std::uint8_t>(longest)};
  const auto length = parse_unsigned(text.substr(slash + 1), longest);
  if (!length) return std::nullopt;
  return Prefix{*address, static_cast<std::uint8_t>(*length)};
}

std::string Prefix::text() const {
  return fmt::format("{}/{}", address.text(), length);
}

bool Prefix::contains(const IpAddress& other) const {
  if (other.family() != address.family()) return false;
  const auto mine = address.bytes();
  const auto theirs = other.bytes();
  for (unsigned bit = 0; bit < length; bit += 8) {
    const unsigned left = std::min(8u, length - bit);
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - left));
    if ((mine[bit / 8] & mask) != (theirs[bit / 8] & mask)) return false;
  }
  return true;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_unsigned(text.substr(colon + 1), 65535);
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  const auto address = IpAddress::parse(host);
  if (!address || !port) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

std::optional<Endpoint> Endpoint::from_sockaddr(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in in4;
    std::memcpy(&in4, address, sizeof in4);
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &in4.sin_addr, 4);
    return Endpoint{IpAddress::ipv4(bytes), ntohs(in4.sin_port)};
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in6;
    std::memcpy(&in6, address, sizeof in6);
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &in6.sin6_addr, 16);
    return Endpoint{IpAddress::ipv6(bytes), ntohs(in6.sin6_port)};
  }
  return std::nullopt;
}

unsigned Endpoint::to_sockaddr(sockaddr_storage& into) const {
  std::memset(&into, 0, sizeof into);
  if (address.is_ipv4()) {
    auto& in4 = reinterpret_cast<sockaddr_in&>(into);
    in4.sin_family = AF_INET;
    in4.sin_port = htons(port);
    std::memcpy(&in4.sin_addr, address.bytes().data(), 4);
    return sizeof in4;
  }
  auto& in6 = reinterpret_cast<sockaddr_in6&>(into);
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  std::memcpy(&in6.sin6_addr, address.bytes().data(), 16);
  return sizeof in6;
}

std::string Endpoint::text() const {
  return address.is_ipv4() ? fmt::format("{}:{}", address.text(), port)
                           : fmt::format("[{}]:{}", address.text(), port);
}

std::string Mac::text() const {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", bytes[0], bytes[1], bytes[2],
                     bytes[3], bytes[4], bytes[5]);
}

}  // namespace baton::net
