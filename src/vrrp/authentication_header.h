// Adverts behind an IPsec authentication header (auth_type AH of keepalived): version 2 over IPv4.
//
//   IP header, protocol 51 | next header 112, length 4, reserved 2 | index 4 | sequence 4 |
//   code 12 | VRRP message, its own authentication bytes zero
//
// The header is RFC 4302's (RFC 2402 when VRRPv2 used it), the code HMAC-MD5-96 (RFC 2403) over the
// whole packet with the code and what routers may change read as 0: TOS, flags and offset, checksum
// and, in unicast alone, TTL. The index is the sender's address. The sequence is shared by all
// routers of a virtual router: who sends goes on from the highest number it has sent or heard.
//
// It protects little: the key has eight characters, and RFC 3768 dropped it in 2004.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace baton::vrrp {

inline constexpr std::uint8_t authentication_protocol = 51;
inline constexpr std::size_t authentication_header_size = 24;
// Numbers stop here, as keepalived's do: whoever wants to be heard again has to be restarted.
inline constexpr std::uint32_t last_sequence = 0xfffffffe;

struct AuthenticationHeader {
  std::uint8_t next_protocol = 0;
  std::uint8_t length = 0;  // in words of four bytes, two less than there are
  std::uint32_t index = 0;  // SPI
  std::uint32_t sequence = 0;
};

// The beginning of what follows the IP header; nothing when there are fewer bytes.
std::optional<AuthenticationHeader> read_authentication_header(std::span<const std::uint8_t> bytes);

enum class AuthenticationFault : std::uint8_t {
  code,   // another key, or changed on the way
  index,  // not the sender's address
};

// What is wrong with `packet`, an IPv4 packet cut to its total length, whose headers were read
// before (asserts); nothing when it was signed with `key`. The sequence is for the machine to
// judge.
std::optional<AuthenticationFault> check_authentication(std::span<const std::uint8_t> packet,
                                                        std::span<const std::uint8_t> key);

// Writes the code of `packet`, otherwise whole, with the same demands.
void sign_authentication(std::span<std::uint8_t> packet, std::span<const std::uint8_t> key);

// False where the system's OpenSSL has no MD5 (FIPS): then nothing of the above may be called.
bool has_authentication_code();

}  // namespace baton::vrrp
