// VRRP advertisements as bytes: VRRPv2 (RFC 3768, with the simple password of RFC 2338) and VRRPv3
// (RFC 5798, RFC 9568) over IPv4 and IPv6. Pure functions: bytes in, values out.
//
// Parsing never stops at the first fault. It gives every field that the bytes hold and the set of
// everything that is wrong with them; who receives decides (receive.h), who traces prints it all.
//
// The checksum of v3 over IPv4 exists in three forms in the field: with a pseudo-header of the real
// destination (RFC 5798), with one of the multicast group although the packet is unicast
// (keepalived before 2.0), and without one (RFC 9568, Cisco, Juniper). parse_* tells which one a
// packet has.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "net/address.h"
#include "vrrp/authentication_header.h"
#include "vrrp/hmac.h"

namespace baton::vrrp {

inline constexpr std::uint8_t ip_protocol = 112;
inline constexpr std::uint8_t ip_tos = 0xc0;
inline constexpr std::uint8_t ip_ttl = 255;
inline constexpr std::uint8_t advertisement_type = 1;
inline constexpr std::size_t ipv4_header_size = 20;
inline constexpr std::size_t message_header_size = 8;
inline constexpr std::size_t password_size = 8;

// 224.0.0.18, ff02::12
net::IpAddress multicast_group(net::Family family);

// Values of the v2 authentication type field.
inline constexpr std::uint8_t auth_none = 0;
inline constexpr std::uint8_t auth_password = 1;
inline constexpr std::uint8_t auth_header = 2;  // IPsec AH (authentication_header.h)

// NUL padded; all zero without a password.
using Password = std::array<std::uint8_t, password_size>;

// The first eight bytes of `text`.
Password make_password(std::string_view text);

struct Advert {
  std::uint8_t version = 2;
  std::uint8_t type = advertisement_type;
  std::uint8_t virtual_router_id = 0;
  std::uint8_t priority = 0;
  Duration interval = 1s;              // whole seconds in v2, hundredths up to 40.95 s in v3
  std::uint8_t auth_type = auth_none;  // v2 only
  Password password{};                 // v2 only; zero with AH
  std::vector<net::IpAddress> addresses;

  friend bool operator==(const Advert&, const Advert&) = default;
};

enum class ChecksumForm : std::uint8_t {
  standard,               // v2: the message; v3: pseudo-header with the packet's own destination
  multicast_destination,  // v3 unicast: pseudo-header with 224.0.0.18
  without_pseudo_header,  // v3: the message alone
};

enum class Problem : std::uint8_t {
  ip_truncated,       // fewer bytes than an IPv4 header, or than it says
  ip_version,         // not IPv4
  ip_header_length,   // shorter than 20 or longer than the packet
  ip_fragment,        // a piece of a packet
  ip_protocol,        // neither 112 nor 51
  ip_length,          // total length says more than there is, or less than a header
  ip_checksum,        // header checksum wrong
  authentication,     // the header of protocol 51 is cut off, too long, or of something else
  message_truncated,  // fewer than the eight bytes of a VRRP header
  unknown_version,    // neither 2 nor 3
  unknown_type,       // not an advertisement
  unknown_auth,       // v2: authentication type none of 0, 1, 2
  length,             // not the length that version and address count ask for
  checksum,           // wrong in every form
  virtual_router_id,  // 0, which no router may have
};
inline constexpr std::size_t problem_count = 15;

// "length of the message does not match its address count", for people.
std::string_view describe(Problem problem);

class ProblemSet {
 public:
  void add(Problem problem) { bits_ |= 1u << static_cast<unsigned>(problem); }
  void add_all(const ProblemSet& others) { bits_ |= others.bits_; }
  [[nodiscard]] bool has(Problem problem) const {
    return bits_ >> static_cast<unsigned>(problem) & 1u;
  }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  // In the order of the enumeration. Not for an empty set.
  [[nodiscard]] Problem first() const { return static_cast<Problem>(std::countr_zero(bits_)); }
  template <typename Visitor>
  void for_each(Visitor visit) const {
    for (std::uint32_t bits = bits_; bits != 0; bits &= bits - 1) {
      visit(static_cast<Problem>(std::countr_zero(bits)));
    }
  }
  friend bool operator==(const ProblemSet&, const ProblemSet&) = default;

 private:
  std::uint32_t bits_ = 0;
};

// What the network layer says about a packet.
struct Envelope {
  net::IpAddress source;
  net::IpAddress destination;
  std::uint8_t ttl = 0;  // hop limit in IPv6
  // IPv4 only:
  std::uint8_t tos = 0;
  std::uint16_t id = 0;
  std::uint16_t total_length = 0;
  // When the kernel got it; matters with HMAC only.
  WallTime received{};
};

struct ParsedAdvert {
  Envelope envelope;
  // Fields that the bytes did not reach are zero; `addresses` holds the whole ones.
  Advert advert;
  std::uint8_t address_count = 0;  // as the message says
  std::uint16_t message_length = 0;
  std::uint16_t checksum = 0;
  ChecksumForm checksum_form = ChecksumForm::standard;  // which one matched, unless `checksum`
  ProblemSet problems;
  std::optional<HmacTrailer> hmac;        // when 28 bytes follow the message, read as a trailer
  std::span<const std::uint8_t> message;  // with the trailer; valid as long as the packet is
  // Of protocol 51, and then the packet from its IP header on, without what follows it.
  std::optional<AuthenticationHeader> authentication;
  std::span<const std::uint8_t> packet;

  [[nodiscard]] bool ok() const { return problems.empty(); }
};

// An IPv4 packet from its header on. Bytes behind the header's total length are link padding.
ParsedAdvert parse_ipv4_packet(std::span<const std::uint8_t> packet);
// A VRRP message that the network layer has already unwrapped (IPv6 sockets); `envelope` as told
// by the socket.
ParsedAdvert parse_message(std::span<const std::uint8_t> message, const Envelope& envelope);

// The message of `advert` with its checksum. Addresses must be of the family of `source` and at
// most 255, the interval must fit the version (asserts).
std::vector<std::uint8_t> build_message(const Advert& advert, const net::IpAddress& source,
                                        const net::IpAddress& destination,
                                        ChecksumForm form = ChecksumForm::standard);
// `message` behind an IPv4 header as VRRP wants it (TOS 0xC0, TTL 255, no fragments), header
// checksum included. The message must fit a packet (asserts).
std::vector<std::uint8_t> build_ipv4_packet(std::span<const std::uint8_t> message,
                                            const net::IpAddress& source,
                                            const net::IpAddress& destination, std::uint16_t id,
                                            std::uint8_t ttl = ip_ttl,
                                            std::uint8_t protocol = ip_protocol);
// The same behind an authentication header with `sequence`, signed with `key`.
std::vector<std::uint8_t> build_authenticated_packet(std::span<const std::uint8_t> message,
                                                     const net::IpAddress& source,
                                                     const net::IpAddress& destination,
                                                     std::uint16_t id, std::uint8_t ttl,
                                                     std::uint32_t sequence,
                                                     std::span<const std::uint8_t> key);
// Gives a packet without such a header another identification.
void renumber_ipv4_packet(std::span<std::uint8_t> packet, std::uint16_t id);

}  // namespace baton::vrrp
