// Both forms, read from a view; nothing is kept between calls.

#include "net/proxy_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "base/text.h"
#include "net/bytes.h"

namespace baton::net {

namespace {

using State = ProxyHeaderResult::State;

constexpr std::string_view text_start = "PROXY ";
constexpr std::string_view binary_start("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t text_bytes_max = 107;
constexpr std::size_t binary_head_bytes = 16;

// Section 2.2 names the types.
struct NamedField {
  std::string_view name;
  std::uint8_t type;
};
constexpr std::uint8_t type_ssl = 0x20;
constexpr std::array named_fields = {NamedField{"alpn", 0x01}, NamedField{"authority", 0x02},
                                     NamedField{"unique_id", 0x05}, NamedField{"ssl", type_ssl},
                                     NamedField{"netns", 0x30}};
constexpr std::array named_ssl_fields = {
    NamedField{"ssl_version", 0x21}, NamedField{"ssl_cn", 0x22}, NamedField{"ssl_cipher", 0x23},
    NamedField{"ssl_sig_alg", 0x24}, NamedField{"ssl_key_alg", 0x25}};

std::optional<std::uint8_t> parse_hex_byte(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size() || value > 255) return std::nullopt;
  return static_cast<std::uint8_t>(value);
}

ProxyHeaderResult incomplete() {
  return {};
}

ProxyHeaderResult broken(std::string problem) {
  ProxyHeaderResult result;
  result.state = State::broken;
  result.problem = std::move(problem);
  return result;
}

// What came instead, up to its line end; bytes that are no text are the log's to escape.
ProxyHeaderResult broken_text(std::string_view text) {
  const std::size_t end =
      std::min(text.find_first_of("\r\n"), std::min(text.size(), text_bytes_max));
  return broken(fmt::format("broken header: \"{}\"", text.substr(0, end)));
}

std::optional<Endpoint> parse_endpoint(std::string_view address, std::string_view port,
                                       Family family) {
  const auto parsed = IpAddress::parse(address);
  const auto number = parse_unsigned(port, 65535);
  if (!parsed || parsed->family() != family || !number) return std::nullopt;
  return Endpoint{*parsed, static_cast<std::uint16_t>(*number)};
}

ProxyHeaderResult parse_text(std::string_view text) {
  const std::size_t end = text.find("\r\n");
  if (end == std::string_view::npos) {
    return text.size() < text_bytes_max ? incomplete() : broken_text(text);
  }
  if (end + 2 > text_bytes_max) return broken_text(text);
  ProxyHeaderResult result;
  result.state = State::complete;
  result.length = end + 2;
  const std::string_view line = text.substr(text_start.size(), end - text_start.size());
  if (line.starts_with("UNKNOWN")) return result;
  const auto words = split(line, ' ');
  if (words.size() != 5 || (words[0] != "TCP4" && words[0] != "TCP6")) return broken_text(text);
  const Family family = words[0] == "TCP4" ? Family::ipv4 : Family::ipv6;
  result.header.source = parse_endpoint(words[1], words[3], family);
  const auto destination = parse_endpoint(words[2], words[4], family);
  if (!result.header.source || !destination) return broken_text(text);
  result.header.destination = *destination;
  return result;
}

IpAddress read_address(ByteReader& reader, Family family) {
  if (family == Family::ipv4) return IpAddress::ipv4(reader.take(4).first<4>());
  return IpAddress::ipv6(reader.take(16).first<16>());
}

ProxyHeaderResult parse_binary(std::string_view text) {
  if (text.size() < binary_head_bytes) return incomplete();
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const int version = bytes[12] >> 4;
  const int command = bytes[12] & 15;
  const std::size_t length = bytes[14] << 8 | bytes[15];
  if (version != 2) return broken(fmt::format("unknown PROXY protocol version: {}", version));
  if (binary_head_bytes + length > proxy_header_bytes_max) return broken("header is too large");
  if (text.size() < binary_head_bytes + length) return incomplete();
  ProxyHeaderResult result;
  result.state = State::complete;
  result.length = binary_head_bytes + length;
  if (command == 0) return result;
  if (command != 1) return broken(fmt::format("unknown PROXY protocol command: {}", command));
  // 1 and 2 are IPv4 and IPv6, 1 behind them is a stream; anything else is nobody's address.
  const int family = bytes[13] >> 4;
  if ((bytes[13] & 15) != 1 || (family != 1 && family != 2)) return result;
  const Family kind = family == 1 ? Family::ipv4 : Family::ipv6;
  if (length < (family == 1 ? 12U : 36U)) return broken("header is too small");
  ByteReader reader(std::span(bytes + binary_head_bytes, length));
  Endpoint source;
  source.address = read_address(reader, kind);
  result.header.destination.address = read_address(reader, kind);
  source.port = reader.u16();
  result.header.destination.port = reader.u16();
  result.header.source = source;
  result.header.fields = text.substr(binary_head_bytes + reader.position(), reader.left());
  return result;
}

}  // namespace

ProxyHeaderResult parse_proxy_header(std::string_view text) {
  for (const bool is_text : {true, false}) {
    const std::string_view start = is_text ? text_start : binary_start;
    const std::size_t known = std::min(text.size(), start.size());
    if (text.substr(0, known) != start.substr(0, known)) continue;
    if (known < start.size()) return incomplete();
    return is_text ? parse_text(text) : parse_binary(text);
  }
  return broken_text(text);
}

std::optional<std::string_view> proxy_field(std::string_view fields, std::uint8_t type) {
  while (fields.size() >= 3) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(fields[i]); };
    const std::size_t length = byte(1) << 8 | byte(2);
    if (fields.size() < 3 + length) return std::nullopt;
    if (byte(0) == type) return fields.substr(3, length);
    fields.remove_prefix(3 + length);
  }
  return std::nullopt;
}

std::optional<std::string> proxy_field_named(std::string_view fields, std::string_view name) {
  const auto owned = [](std::optional<std::string_view> value) {
    return value ? std::optional<std::string>(*value) : std::nullopt;
  };
  for (const NamedField& field : named_fields) {
    if (field.name == name) return owned(proxy_field(fields, field.type));
  }
  if (name.starts_with("0x")) {
    const auto type = parse_hex_byte(name.substr(2));
    return type ? owned(proxy_field(fields, *type)) : std::nullopt;
  }
  // PP2_TYPE_SSL starts with a byte of flags and the result of the verification, four bytes.
  const auto inside = proxy_field(fields, type_ssl);
  if (!inside || inside->size() < 5) return std::nullopt;
  if (name == "ssl_verify") {
    ByteReader reader({reinterpret_cast<const std::uint8_t*>(inside->data()) + 1, 4});
    return std::to_string(reader.u32());
  }
  constexpr std::string_view inner_type = "ssl_0x";
  if (name.starts_with(inner_type)) {
    const auto type = parse_hex_byte(name.substr(inner_type.size()));
    return type ? owned(proxy_field(inside->substr(5), *type)) : std::nullopt;
  }
  for (const NamedField& field : named_ssl_fields) {
    if (field.name == name) return owned(proxy_field(inside->substr(5), field.type));
  }
  return std::nullopt;
}

}  // namespace baton::net
