// Addresses as values: IPv4 and IPv6 addresses, prefixes, endpoints (address and port), hardware
// addresses. Bytes are kept in network order; text is parsed and printed here and nowhere else.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sockaddr;
struct sockaddr_storage;

namespace baton::net {

enum class Family : std::uint8_t { ipv4, ipv6 };

class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0
  // Four bytes in network order.
  static IpAddress ipv4(std::span<const std::uint8_t, 4> bytes);
  static IpAddress ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d);
  static IpAddress ipv6(std::span<const std::uint8_t, 16> bytes);
  // "192.168.175.100" or "fe80::1" (RFC 4291 section 2.2), without prefix, port or zone.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress any(Family family);

  [[nodiscard]] Family family() const { return family_; }
  [[nodiscard]] bool is_ipv4() const { return family_ == Family::ipv4; }
  // 4 or 16 bytes in network order.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const {
    return {bytes_.data(), is_ipv4() ? 4u : 16u};
  }
  // The address as a host-order number; IPv4 only (asserts).
  [[nodiscard]] std::uint32_t ipv4_value() const;
  [[nodiscard]] bool is_any() const;
  [[nodiscard]] bool is_multicast() const;
  [[nodiscard]] bool is_link_local() const;
  [[nodiscard]] std::string text() const;

  // Order of the bytes as an unsigned number, the order that VRRP's tie break uses.
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  Family family_ = Family::ipv4;
  std::array<std::uint8_t, 16> bytes_{};
};

// An address with a prefix length: 192.168.175.100/32.
struct Prefix {
  IpAddress address;
  std::uint8_t length = 32;

  // With or without "/n"; without, the whole address (/32 or /128).
  static std::optional<Prefix> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool contains(const IpAddress& other) const;
  friend auto operator<=>(const Prefix&, const Prefix&) = default;
};

// An address and a TCP or UDP port.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  // "1.2.3.4:80", "[::1]:80".
  static std::optional<Endpoint> parse(std::string_view text);
  // Null for other families.
  static std::optional<Endpoint> from_sockaddr(const sockaddr* address);
  // Fills `into` and returns the length to give to the kernel.
  unsigned to_sockaddr(sockaddr_storage& into) const;
  [[nodiscard]] std::string text() const;  // "1.2.3.4:80", "[::1]:80"
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// A 48-bit hardware address.
struct Mac {
  std::array<std::uint8_t, 6> bytes{};

  [[nodiscard]] std::string text() const;  // "00:00:5e:00:01:37"
  static Mac broadcast() { return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }
  friend auto operator<=>(const Mac&, const Mac&) = default;
};

}  // namespace baton::net
