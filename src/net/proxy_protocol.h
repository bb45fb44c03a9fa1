// The PROXY protocol: what a balancer in front says of a connection before its first byte, in the
// text form (version 1) or the binary one (version 2).
//
// Specification: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, sections 2.1, 2.2.
// Fields behind the addresses (TLVs) are kept as bytes; checksums in them are not looked at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/address.h"

namespace baton::net {

struct ProxyHeader {
  // Absent: the balancer speaks for itself (LOCAL, a health check) or does not know (UNKNOWN), and
  // the connection's own addresses stand.
  std::optional<Endpoint> source;
  Endpoint destination;  // only with source
  std::string fields;    // the TLVs of version 2, as they came
};

struct ProxyHeaderResult {
  enum class State : std::uint8_t {
    complete,
    incomplete,  // right so far: read more
    broken       // `problem` tells, in nginx's words
  };
  State state = State::incomplete;
  std::size_t length = 0;  // complete: how many bytes of the text it took
  ProxyHeader header;
  std::string problem;
};

// Bytes that a header can have at most (nginx's bound, TLVs included).
inline constexpr std::size_t proxy_header_bytes_max = 4096;

// Reads a header from the start of `text`.
ProxyHeaderResult parse_proxy_header(std::string_view text);

// The value of the TLV `type` (section 2.2).
std::optional<std::string_view> proxy_field(std::string_view fields, std::uint8_t type);

// The same by nginx's name for it: "alpn", "authority", "unique_id", "ssl", "netns", those inside
// of ssl ("ssl_version", "ssl_cn", "ssl_cipher", "ssl_sig_alg", "ssl_key_alg", and "ssl_verify" as
// a number), or any type as "0x20", inside of ssl as "ssl_0x21".
std::optional<std::string> proxy_field_named(std::string_view fields, std::string_view name);

}  // namespace baton::net
