// Printing and comparing adverts. The bytes are taken apart by vrrp/packet.h; only what surrounds
// them (IPv6 and authentication headers, flags that the machine never looks at) is read here.

#include "cli/trace.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include "cli/advert_history.h"
#include "linux/links.h"
#include "linux/packet_capture.h"
#include "net/bytes.h"

namespace baton::cli {

namespace {

using vrrp::ParsedAdvert;
using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t protocol_ah = 51;
constexpr std::size_t ipv6_header_size = 40;

// An IPsec authentication header in front of the message (RFC 4302).
struct AuthenticationHeader {
  std::uint32_t index = 0;
  std::uint32_t sequence = 0;
};

// A packet cut into its layers.
struct Layers {
  bool ipv6 = false;
  std::uint8_t protocol = 0;  // as the IP header says
  std::optional<AuthenticationHeader> authentication;
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;
  std::uint16_t payload_length = 0;
  std::string trouble;  // set: the packet cannot be taken apart to the message
  ParsedAdvert parsed;
};

// Takes an authentication header off `payload`; the packet is then parsed like any other.
Bytes strip_authentication(Bytes payload, Layers& layers) {
  net::ByteReader reader(payload);
  const std::uint8_t next = reader.u8();
  const std::size_t size = (std::size_t{reader.u8()} + 2) * 4;
  reader.u16();
  AuthenticationHeader header;
  header.index = reader.u32();
  header.sequence = reader.u32();
  if (!reader.ok() || size > payload.size()) {
    layers.trouble = "authentication header is cut off";
    return {};
  }
  layers.authentication = header;
  if (next != vrrp::ip_protocol) {
    layers.trouble = fmt::format("authentication header with protocol {}, not VRRP", next);
    return {};
  }
  return payload.subspan(size);
}

void read_ipv4(Bytes packet, Layers& layers) {
  layers.parsed = vrrp::parse_ipv4_packet(packet);
  layers.protocol = packet.size() > 9 ? packet[9] : 0;
  if (layers.protocol != protocol_ah) return;
  const std::size_t header = std::size_t{packet[0] & 0x0fu} * 4;
  if (header < vrrp::ipv4_header_size || header > packet.size()) return;
  const std::size_t end =
      std::clamp<std::size_t>(layers.parsed.envelope.total_length, header, packet.size());
  const Bytes message = strip_authentication(packet.subspan(header, end - header), layers);
  if (!layers.trouble.empty()) return;
  const vrrp::Envelope envelope = layers.parsed.envelope;
  layers.parsed = vrrp::parse_message(message, envelope);
}

void read_ipv6(Bytes packet, Layers& layers) {
  layers.ipv6 = true;
  if (packet.size() < ipv6_header_size) {
    layers.trouble = "IPv6 header is cut off";
    return;
  }
  net::ByteReader reader(packet);
  const std::uint32_t first = reader.u32();
  layers.traffic_class = static_cast<std::uint8_t>(first >> 20);
  layers.flow_label = first & 0xfffff;
  layers.payload_length = reader.u16();
  layers.protocol = reader.u8();
  vrrp::Envelope envelope;
  envelope.ttl = reader.u8();
  envelope.source = net::IpAddress::ipv6(reader.take(16).first<16>());
  envelope.destination = net::IpAddress::ipv6(reader.take(16).first<16>());
  Bytes payload = packet.subspan(ipv6_header_size);
  if (payload.size() < layers.payload_length) {
    layers.trouble = "IPv6 payload is cut off";
  } else {
    payload = payload.first(layers.payload_length);
  }
  if (layers.protocol == protocol_ah) payload = strip_authentication(payload, layers);
  layers.parsed = vrrp::parse_message(payload, envelope);
}

Layers read_layers(Bytes packet) {
  Layers layers;
  layers.parsed.advert.version = 0;
  if (!packet.empty() && packet[0] >> 4 == 6) {
    read_ipv6(packet, layers);
  } else if (packet.size() >= vrrp::ipv4_header_size && packet[0] >> 4 == 4) {
    read_ipv4(packet, layers);
  } else {
    layers.trouble = packet.empty() ? "empty packet" : "neither IPv4 nor IPv6, or cut off";
  }
  return layers;
}

std::string clock_text(WallTime time) {
  const auto since_epoch = time.time_since_epoch();
  const auto whole = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const time_t seconds = whole.count();
  tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format(
      "{:02}:{:02}:{:02}.{:06}", local.tm_hour, local.tm_min, local.tm_sec,
      std::chrono::duration_cast<std::chrono::microseconds>(since_epoch - whole).count());
}

std::string protocol_text(std::uint8_t protocol) {
  return protocol == vrrp::ip_protocol ? "VRRP (112)"
         : protocol == protocol_ah     ? "AH (51)"
                                       : fmt::format("{}", protocol);
}

std::string flags_text(Bytes packet) {
  const std::uint8_t flags = packet[6] >> 5;
  if (flags == 0) return "none";
  return fmt::format("{}{}{}", flags & 4 ? "E" : "", flags & 2 ? "DF" : "", flags & 1 ? "+" : "");
}

std::string header_text(Bytes packet, const Layers& layers) {
  const vrrp::Envelope& envelope = layers.parsed.envelope;
  if (layers.ipv6) {
    return fmt::format(
        "IP6 (class {:#04x}, flowlabel {:#07x}, hlim {}, next-header {} payload "
        "length: {})",
        layers.traffic_class, layers.flow_label, envelope.ttl, protocol_text(layers.protocol),
        layers.payload_length);
  }
  const unsigned offset = ((packet[6] & 0x1fu) << 8 | packet[7]) * 8u;
  return fmt::format("IP (tos {:#x}, ttl {}, id {}, offset {}, flags [{}], proto {}, length {})",
                     envelope.tos, envelope.ttl, envelope.id, offset, flags_text(packet),
                     protocol_text(layers.protocol), envelope.total_length);
}

// Control characters as tcpdump shows them: ^@ is NUL, M- in front of bytes above 127.
std::string visible(Bytes bytes) {
  std::string text;
  for (std::uint8_t byte : bytes) {
    if (byte >= 0x80) {
      text += "M-";
      byte &= 0x7f;
    }
    if (byte < 0x20 || byte == 0x7f) {
      text += '^';
      text += static_cast<char>(byte ^ 0x40);
    } else {
      text += static_cast<char>(byte);
    }
  }
  return text;
}

std::string auth_name(std::uint8_t type) {
  switch (type) {
    case vrrp::auth_none:
      return "none";
    case vrrp::auth_password:
      return "simple";
    case vrrp::auth_header:
      return "ah";
    default:
      return fmt::format("type#{}", type);
  }
}

std::string addresses_text(const ParsedAdvert& parsed) {
  std::string text =
      parsed.address_count == 1 ? "addrs: " : fmt::format("addrs({}): ", parsed.address_count);
  for (std::size_t i = 0; i < parsed.advert.addresses.size(); ++i) {
    text += (i == 0 ? "" : ",") + parsed.advert.addresses[i].text();
  }
  return text;
}

std::string message_text(const ParsedAdvert& parsed) {
  const vrrp::Advert& advert = parsed.advert;
  std::string text =
      fmt::format("VRRPv{}, {}, vrid {}, prio {}", advert.version,
                  advert.type == vrrp::advertisement_type ? "Advertisement"
                                                          : fmt::format("[type#{}]", advert.type),
                  advert.virtual_router_id, advert.priority);
  if (advert.version == 2) {
    text += fmt::format(", authtype {}, intvl {}s", auth_name(advert.auth_type),
                        advert.interval / std::chrono::seconds(1));
  } else {
    text += fmt::format(", intvl {}cs", advert.interval / 10ms);
  }
  text += fmt::format(", length {}, {}", parsed.message_length, addresses_text(parsed));
  if (advert.version == 2 && advert.auth_type == vrrp::auth_password) {
    text += fmt::format(" auth \"{}\"", visible(advert.password));
  }
  return text;
}

bool is_unwrapped(const Layers& layers) {
  return layers.trouble.empty() && !layers.parsed.problems.has(vrrp::Problem::message_truncated) &&
         (layers.protocol == vrrp::ip_protocol || layers.authentication.has_value());
}

std::vector<std::string> faults_of(const Layers& layers) {
  const ParsedAdvert& parsed = layers.parsed;
  std::vector<std::string> faults;
  if (!layers.trouble.empty()) faults.push_back(layers.trouble);
  parsed.problems.for_each([&](vrrp::Problem problem) {
    std::string text(vrrp::describe(problem));
    if (problem == vrrp::Problem::checksum) text += fmt::format(" ({:#06x})", parsed.checksum);
    if (problem == vrrp::Problem::length) {
      text +=
          fmt::format(" (length {}, {} addresses)", parsed.message_length, parsed.address_count);
    }
    faults.push_back(std::move(text));
  });
  if (!is_unwrapped(layers)) return faults;
  // Unicast adverts may be routed, adverts to the group may not.
  if (parsed.envelope.destination.is_multicast() && parsed.envelope.ttl != vrrp::ip_ttl) {
    faults.push_back(fmt::format("{} is {}, not 255: every receiver drops it",
                                 layers.ipv6 ? "hop limit" : "ttl", parsed.envelope.ttl));
  }
  if (parsed.advert.version == 2 && layers.ipv6) {
    faults.emplace_back("version 2 does not exist over IPv6");
  }
  return faults;
}

// Things worth knowing that are no faults.
std::vector<std::string> remarks_of(const Layers& layers) {
  std::vector<std::string> remarks;
  if (layers.authentication) {
    remarks.emplace_back(
        "authenticated by IPsec AH: its code is not checked here, where no password is known");
  }
  if (!is_unwrapped(layers) || !layers.parsed.ok()) return remarks;
  if (layers.parsed.checksum_form == vrrp::ChecksumForm::multicast_destination) {
    remarks.emplace_back("checksum in the form of old keepalived (for the multicast group)");
  } else if (layers.parsed.checksum_form == vrrp::ChecksumForm::without_pseudo_header) {
    remarks.emplace_back("checksum without pseudo-header (RFC 9568, Cisco, Juniper)");
  }
  if (layers.parsed.advert.priority == 0) {
    remarks.emplace_back("priority 0: this router gives up the virtual address");
  }
  return remarks;
}

std::map<int, std::string> link_names() {
  std::map<int, std::string> names;
  auto netlink = linux::Netlink::open();
  if (!netlink) return names;
  if (const auto links = netlink->links()) {
    for (const auto& link : *links) names[link.index] = link.name;
  }
  return names;
}

int complain(std::ostream& errors, const std::string& what, const Error& error) {
  errors << "baton trace: " << what << error.detail << ": " << std::strerror(error.errno_value)
         << '\n'
         << std::flush;
  return 1;
}

}  // namespace

ParsedAdvert parse_packet(Bytes packet) {
  const Layers layers = read_layers(packet);
  ParsedAdvert parsed = layers.parsed;
  if (!is_unwrapped(layers)) parsed.advert.version = 0;
  return parsed;
}

std::string describe_packet(Bytes packet, WallTime time) {
  const Layers layers = read_layers(packet);
  const vrrp::Envelope& envelope = layers.parsed.envelope;
  std::string text = clock_text(time) + " ";
  const bool has_header =
      layers.ipv6 ? packet.size() >= ipv6_header_size : packet.size() >= vrrp::ipv4_header_size;
  if (has_header && (layers.ipv6 || packet[0] >> 4 == 4)) {
    const std::string direction =
        fmt::format("{} > {}: ", envelope.source.text(), envelope.destination.text());
    text += header_text(packet, layers) + "\n    " + direction;
    if (layers.authentication) {
      text += fmt::format("AH(spi={:#010x},seq={:#x}): ", layers.authentication->index,
                          layers.authentication->sequence);
    }
    text += is_unwrapped(layers) ? "vrrp " + direction + message_text(layers.parsed)
                                 : fmt::format("{} bytes", packet.size());
  } else {
    text += fmt::format("{} bytes", packet.size());
  }
  for (const auto& fault : faults_of(layers)) text += "\n    BAD: " + fault;
  for (const auto& remark : remarks_of(layers)) text += "\n    note: " + remark;
  return text;
}

int trace(const TraceOptions& options, std::ostream& out, std::ostream& errors) {
  const auto names = link_names();
  const auto found =
      std::ranges::find(names, options.interface,
                        [](const auto& entry) -> const std::string& { return entry.second; });
  const std::string place = options.interface.empty() ? "all interfaces" : options.interface;
  if (found == names.end() && !options.interface.empty()) {
    errors << "baton trace: there is no interface " << place << '\n' << std::flush;
    return 1;
  }
  auto capture = linux::PacketCapture::open(options.interface.empty() ? 0 : found->first);
  if (!capture) return complain(errors, "cannot watch " + place + ": ", capture.error());
  errors << "baton trace: listening on " << place << " for VRRP\n" << std::flush;

  AdvertHistory history;
  std::uint64_t seen = 0;
  while (options.count == 0 || seen < options.count) {
    const auto packet = capture->receive(-1s);
    if (!packet) return complain(errors, "", packet.error());
    if (!*packet) continue;
    const auto link = names.find((*packet)->link);
    const std::string name = link == names.end() ? "?" : link->second;
    // What is sent over the loopback comes back at once: shown when it arrives.
    if ((*packet)->outgoing && name == "lo") continue;
    ++seen;
    if (options.interface.empty()) out << name << ((*packet)->outgoing ? " Out " : " In ");
    out << describe_packet((*packet)->bytes, (*packet)->time) << '\n';
    for (const auto& remark : history.compare(parse_packet((*packet)->bytes), (*packet)->time)) {
      out << "    MISMATCH with " << remark << '\n';
    }
    out << std::flush;
  }
  return 0;
}

}  // namespace baton::cli
