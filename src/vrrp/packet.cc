// The advert codec. Layouts (bytes):
//   v2: version<<4|type, vrid, priority, count, auth type, interval s, checksum 2, count x 4, auth
//   8 v3: version<<4|type, vrid, priority, count, 4 reserved bits + 12 bits of 1/100 s, checksum 2,
//       count x 4 or 16
// The eight authentication bytes of v2 are always there.

#include "vrrp/packet.h"

#include <algorithm>

#include "base/assert.h"
#include "net/bytes.h"
#include "net/checksum.h"

namespace baton::vrrp {

namespace {

constexpr std::size_t checksum_position = 6;
constexpr std::uint16_t dont_fragment = 0x4000;
constexpr Duration hundredth = 10ms;
constexpr std::uint16_t interval_mask = 0x0fff;

std::size_t address_size(net::Family family) {
  return family == net::Family::ipv4 ? 4 : 16;
}

net::IpAddress address_from(std::span<const std::uint8_t> bytes) {
  if (bytes.size() == 4) return net::IpAddress::ipv4(bytes.first<4>());
  return net::IpAddress::ipv6(bytes.first<16>());
}

// The checksum over `message` as it stands: 0 when the message holds the right one.
std::uint16_t sum_message(std::span<const std::uint8_t> message, const net::IpAddress& source,
                          const net::IpAddress& destination, bool pseudo_header) {
  net::InternetChecksum sum;
  if (pseudo_header) {
    net::ByteWriter pseudo;
    pseudo.append(source.bytes());
    pseudo.append(destination.bytes());
    // IPv4: zero, protocol, 16-bit length. IPv6 has 32-bit fields: the same sum.
    pseudo.u16(ip_protocol);
    pseudo.u16(static_cast<std::uint16_t>(message.size()));
    sum.add(pseudo.bytes());
  }
  return sum.add(message).value();
}

std::uint16_t sum_in_form(std::span<const std::uint8_t> message, std::uint8_t version,
                          const net::IpAddress& source, const net::IpAddress& destination,
                          ChecksumForm form) {
  const net::IpAddress& summed = form == ChecksumForm::multicast_destination
                                     ? multicast_group(destination.family())
                                     : destination;
  const bool pseudo_header = version != 2 && form != ChecksumForm::without_pseudo_header;
  return sum_message(message, source, summed, pseudo_header);
}

// Finds the form that fits; the quirks exist in v3 over IPv4 only.
void check_checksum(std::span<const std::uint8_t> message, ParsedAdvert& parsed) {
  const auto fits = [&](ChecksumForm form) {
    return sum_in_form(message, parsed.advert.version, parsed.envelope.source,
                       parsed.envelope.destination, form) == 0;
  };
  if (fits(ChecksumForm::standard)) return;
  if (parsed.advert.version == 3 && parsed.envelope.source.is_ipv4()) {
    for (const auto form :
         {ChecksumForm::multicast_destination, ChecksumForm::without_pseudo_header}) {
      if (!fits(form)) continue;
      parsed.checksum_form = form;
      return;
    }
  }
  parsed.problems.add(Problem::checksum);
}

void read_timing(net::ByteReader& reader, ParsedAdvert& parsed) {
  Advert& advert = parsed.advert;
  if (advert.version == 2) {
    advert.auth_type = reader.u8();
    advert.interval = std::chrono::seconds(reader.u8());
    if (advert.auth_type > auth_header) parsed.problems.add(Problem::unknown_auth);
  } else {
    advert.interval = (reader.u16() & interval_mask) * hundredth;
  }
}

void read_addresses(net::ByteReader& reader, ParsedAdvert& parsed) {
  const std::size_t size = address_size(parsed.envelope.source.family());
  for (unsigned i = 0; i < parsed.address_count && reader.left() >= size; ++i) {
    parsed.advert.addresses.push_back(address_from(reader.take(size)));
  }
}

std::size_t expected_length(const ParsedAdvert& parsed) {
  const std::size_t auth = parsed.advert.version == 2 ? password_size : 0;
  return message_header_size + auth +
         parsed.address_count * address_size(parsed.envelope.source.family());
}

}  // namespace

net::IpAddress multicast_group(net::Family family) {
  if (family == net::Family::ipv4) return net::IpAddress::ipv4(224, 0, 0, 18);
  constexpr std::array<std::uint8_t, 16> group{0xff, 2, 0, 0, 0, 0, 0, 0,
                                               0,    0, 0, 0, 0, 0, 0, 0x12};
  return net::IpAddress::ipv6(group);
}

Password make_password(std::string_view text) {
  Password password{};
  std::copy_n(text.begin(), std::min(text.size(), password.size()), password.begin());
  return password;
}

std::string_view describe(Problem problem) {
  switch (problem) {
    case Problem::ip_truncated:
      return "IP header is cut off";
    case Problem::ip_version:
      return "not an IPv4 packet";
    case Problem::ip_header_length:
      return "bad IP header length";
    case Problem::ip_fragment:
      return "IP fragment";
    case Problem::ip_protocol:
      return "IP protocol is neither VRRP (112) nor AH (51)";
    case Problem::ip_length:
      return "IP total length does not match the packet";
    case Problem::ip_checksum:
      return "bad IP header checksum";
    case Problem::authentication:
      return "bad authentication header";
    case Problem::message_truncated:
      return "VRRP message is cut off";
    case Problem::unknown_version:
      return "VRRP version is neither 2 nor 3";
    case Problem::unknown_type:
      return "VRRP type is not advertisement";
    case Problem::unknown_auth:
      return "unknown authentication type";
    case Problem::length:
      return "length of the message does not match its address count";
    case Problem::checksum:
      return "bad VRRP checksum";
    case Problem::virtual_router_id:
      return "virtual router id is 0";
  }
  BATON_ASSERT(false);
}

ParsedAdvert parse_message(std::span<const std::uint8_t> message, const Envelope& envelope) {
  ParsedAdvert parsed;
  parsed.envelope = envelope;
  parsed.message_length = static_cast<std::uint16_t>(std::min<std::size_t>(message.size(), 65535));
  net::ByteReader reader(message);
  const std::uint8_t version_and_type = reader.u8();
  parsed.advert.version = version_and_type >> 4;
  parsed.advert.type = version_and_type & 0x0f;
  parsed.advert.virtual_router_id = reader.u8();
  parsed.advert.priority = reader.u8();
  parsed.address_count = reader.u8();
  read_timing(reader, parsed);
  parsed.checksum = reader.u16();
  if (!reader.ok()) {
    parsed.problems.add(Problem::message_truncated);
    return parsed;
  }
  if (parsed.advert.version != 2 && parsed.advert.version != 3) {
    parsed.problems.add(Problem::unknown_version);
  }
  if (parsed.advert.type != advertisement_type) parsed.problems.add(Problem::unknown_type);
  if (parsed.advert.virtual_router_id == 0) parsed.problems.add(Problem::virtual_router_id);
  parsed.message = message;
  const std::size_t expected = expected_length(parsed);
  if (message.size() == expected + hmac_trailer_size) {
    parsed.hmac = read_hmac_trailer(message);
    message = message.first(expected);
  }
  if (message.size() != expected) parsed.problems.add(Problem::length);
  read_addresses(reader, parsed);
  if (parsed.advert.version == 2 && message.size() >= message_header_size + password_size) {
    // At the very end, as receivers have always read it, whatever the address count says.
    std::ranges::copy(message.last(password_size), parsed.advert.password.begin());
  }
  check_checksum(message, parsed);
  return parsed;
}

namespace {

// `packet` with `payload` behind its IP header.
ParsedAdvert parse_authenticated(std::span<const std::uint8_t> packet,
                                 std::span<const std::uint8_t> payload, const Envelope& envelope,
                                 ProblemSet problems) {
  const auto header = read_authentication_header(payload);
  const bool is_ours = header && header->next_protocol == ip_protocol &&
                       (header->length + std::size_t{2}) * 4 == authentication_header_size;
  if (!is_ours) problems.add(Problem::authentication);
  // What follows another header is no message: it has no router id.
  ParsedAdvert parsed = parse_message(
      is_ours ? payload.subspan(authentication_header_size) : payload.first(0), envelope);
  parsed.problems.add_all(problems);
  parsed.authentication = header.value_or(AuthenticationHeader{});
  parsed.packet = packet;
  return parsed;
}

}  // namespace

ParsedAdvert parse_ipv4_packet(std::span<const std::uint8_t> packet) {
  ProblemSet problems;
  Envelope envelope;
  net::ByteReader reader(packet);
  const std::uint8_t version_and_length = reader.u8();
  const std::size_t header_size = std::size_t{version_and_length & 0x0fu} * 4;
  envelope.tos = reader.u8();
  envelope.total_length = reader.u16();
  envelope.id = reader.u16();
  const std::uint16_t fragment = reader.u16();
  envelope.ttl = reader.u8();
  const std::uint8_t protocol = reader.u8();
  reader.u16();  // header checksum, verified below
  const auto source = reader.take(4);
  const auto destination = reader.take(4);
  if (!reader.ok()) {
    ParsedAdvert parsed;
    parsed.envelope = envelope;
    parsed.problems.add(Problem::ip_truncated);
    return parsed;
  }
  envelope.source = address_from(source);
  envelope.destination = address_from(destination);
  if (version_and_length >> 4 != 4) problems.add(Problem::ip_version);
  const bool authenticated = protocol == authentication_protocol;
  if (protocol != ip_protocol && !authenticated) problems.add(Problem::ip_protocol);
  if (fragment & static_cast<std::uint16_t>(~dont_fragment)) problems.add(Problem::ip_fragment);
  const bool header_fits = header_size >= ipv4_header_size && header_size <= packet.size();
  if (!header_fits) problems.add(Problem::ip_header_length);
  const std::size_t body = header_fits ? header_size : ipv4_header_size;
  if (header_fits && net::InternetChecksum().add(packet.first(header_size)).value() != 0) {
    problems.add(Problem::ip_checksum);
  }
  const bool length_fits = envelope.total_length >= body && envelope.total_length <= packet.size();
  if (!length_fits) problems.add(Problem::ip_length);
  const std::size_t end = length_fits ? envelope.total_length : packet.size();
  auto payload = packet.subspan(body, end - body);
  if (authenticated) return parse_authenticated(packet.first(end), payload, envelope, problems);
  ParsedAdvert parsed = parse_message(payload, envelope);
  parsed.problems.add_all(problems);
  return parsed;
}

std::vector<std::uint8_t> build_message(const Advert& advert, const net::IpAddress& source,
                                        const net::IpAddress& destination, ChecksumForm form) {
  BATON_ASSERT(advert.version == 2 || advert.version == 3);
  BATON_ASSERT(advert.addresses.size() <= 255);
  net::ByteWriter writer;
  writer.u8(static_cast<std::uint8_t>(advert.version << 4 | advert.type));
  writer.u8(advert.virtual_router_id);
  writer.u8(advert.priority);
  writer.u8(static_cast<std::uint8_t>(advert.addresses.size()));
  if (advert.version == 2) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(advert.interval).count();
    BATON_ASSERT(seconds >= 0 && seconds <= 255);
    writer.u8(advert.auth_type);
    writer.u8(static_cast<std::uint8_t>(seconds));
  } else {
    const auto hundredths = advert.interval / hundredth;
    BATON_ASSERT(hundredths >= 0 && hundredths <= interval_mask);
    writer.u16(static_cast<std::uint16_t>(hundredths));
  }
  writer.u16(0);
  for (const auto& address : advert.addresses) {
    BATON_ASSERT(address.family() == source.family());
    writer.append(address.bytes());
  }
  if (advert.version == 2) writer.append(advert.password);
  writer.set_u16(checksum_position,
                 sum_in_form(writer.bytes(), advert.version, source, destination, form));
  return writer.take();
}

std::vector<std::uint8_t> build_ipv4_packet(std::span<const std::uint8_t> message,
                                            const net::IpAddress& source,
                                            const net::IpAddress& destination, std::uint16_t id,
                                            std::uint8_t ttl, std::uint8_t protocol) {
  BATON_ASSERT(message.size() <= 65535 - ipv4_header_size);
  net::ByteWriter writer;
  writer.u8(0x45);  // version 4, five words of header
  writer.u8(ip_tos);
  writer.u16(static_cast<std::uint16_t>(ipv4_header_size + message.size()));
  writer.u16(id);
  writer.u16(0);  // no flags, no fragment offset
  writer.u8(ttl);
  writer.u8(protocol);
  writer.u16(0);
  writer.append(source.bytes());
  writer.append(destination.bytes());
  writer.set_u16(10, net::InternetChecksum().add(writer.bytes()).value());
  writer.append(message);
  return writer.take();
}

std::vector<std::uint8_t> build_authenticated_packet(std::span<const std::uint8_t> message,
                                                     const net::IpAddress& source,
                                                     const net::IpAddress& destination,
                                                     std::uint16_t id, std::uint8_t ttl,
                                                     std::uint32_t sequence,
                                                     std::span<const std::uint8_t> key) {
  net::ByteWriter payload;
  payload.u8(ip_protocol);
  payload.u8(authentication_header_size / 4 - 2);
  payload.u16(0);
  payload.append(source.bytes());
  payload.u32(sequence);
  while (payload.size() < authentication_header_size) payload.u8(0);
  payload.append(message);
  auto packet =
      build_ipv4_packet(payload.bytes(), source, destination, id, ttl, authentication_protocol);
  sign_authentication(packet, key);
  return packet;
}

void renumber_ipv4_packet(std::span<std::uint8_t> packet, std::uint16_t id) {
  BATON_ASSERT(packet.size() >= ipv4_header_size);
  const auto put = [&](std::size_t place, std::uint16_t value) {
    packet[place] = static_cast<std::uint8_t>(value >> 8);
    packet[place + 1] = static_cast<std::uint8_t>(value);
  };
  put(4, id);
  put(10, 0);
  put(10, net::InternetChecksum().add(packet.first(ipv4_header_size)).value());
}

}  // namespace baton::vrrp
