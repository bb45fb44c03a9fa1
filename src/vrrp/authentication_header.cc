// The header and its code.

#include "vrrp/authentication_header.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/assert.h"
#include "net/bytes.h"

namespace baton::vrrp {

namespace {

constexpr std::size_t code_size = 12;
constexpr std::size_t code_position = authentication_header_size - code_size;
constexpr std::size_t whole_code_size = 16;
using Code = std::array<std::uint8_t, whole_code_size>;

// Places in the IP header.
constexpr std::size_t ip_header_size_min = 20;
constexpr std::size_t tos_position = 1;
constexpr std::size_t fragment_position = 6;
constexpr std::size_t ttl_position = 8;
constexpr std::size_t checksum_position = 10;
constexpr std::size_t destination_position = 16;

// Behind the IP header.
std::size_t header_position(std::span<const std::uint8_t> packet) {
  BATON_ASSERT(packet.size() >= ip_header_size_min);
  const std::size_t position = std::size_t{packet[0] & 0x0fu} * 4;
  BATON_ASSERT(position >= ip_header_size_min);
  BATON_ASSERT(packet.size() >= position + authentication_header_size);
  return position;
}

bool md5(std::span<const std::uint8_t> key, std::span<const std::uint8_t> bytes, Code& code) {
  unsigned size = 0;
  return ::HMAC(::EVP_md5(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(),
                code.data(), &size) != nullptr;
}

Code compute(std::span<const std::uint8_t> packet, std::span<const std::uint8_t> key) {
  std::vector<std::uint8_t> input(packet.begin(), packet.end());
  const auto clear = [&](std::size_t position, std::size_t count) {
    std::fill_n(input.begin() + static_cast<std::ptrdiff_t>(position), count, std::uint8_t{0});
  };
  clear(tos_position, 1);
  clear(fragment_position, 2);
  clear(checksum_position, 2);
  // Nothing forwards what goes to the group: there the TTL is protected as well.
  const bool multicast = packet[destination_position] >> 4 == 0xe;
  if (!multicast) clear(ttl_position, 1);
  clear(header_position(packet) + code_position, code_size);
  Code code{};
  BATON_ASSERT(md5(key, input, code));
  return code;
}

}  // namespace

std::optional<AuthenticationHeader> read_authentication_header(
    std::span<const std::uint8_t> bytes) {
  if (bytes.size() < authentication_header_size) return std::nullopt;
  net::ByteReader reader(bytes);
  AuthenticationHeader header;
  header.next_protocol = reader.u8();
  header.length = reader.u8();
  reader.u16();
  header.index = reader.u32();
  header.sequence = reader.u32();
  return header;
}

std::optional<AuthenticationFault> check_authentication(std::span<const std::uint8_t> packet,
                                                        std::span<const std::uint8_t> key) {
  const std::size_t begin = header_position(packet);
  const Code code = compute(packet, key);
  if (::CRYPTO_memcmp(code.data(), &packet[begin + code_position], code_size) != 0) {
    return AuthenticationFault::code;
  }
  constexpr std::size_t source_position = 12;
  constexpr std::size_t index_position = 4;
  const bool fits = std::ranges::equal(packet.subspan(source_position, 4),
                                       packet.subspan(begin + index_position, 4));
  return fits ? std::nullopt : std::optional(AuthenticationFault::index);
}

void sign_authentication(std::span<std::uint8_t> packet, std::span<const std::uint8_t> key) {
  const std::size_t begin = header_position(packet);
  const Code code = compute(packet, key);
  std::copy_n(code.begin(), code_size,
              packet.begin() + static_cast<std::ptrdiff_t>(begin + code_position));
}

bool has_authentication_code() {
  Code code{};
  constexpr std::array<std::uint8_t, 1> any{1};
  return md5(any, any, code);
}

}  // namespace baton::vrrp
