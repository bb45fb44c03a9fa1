// Frames and sockets of neighbour discovery.

#include "linux/neighbour_discovery.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/assert.h"
#include "net/bytes.h"
#include "net/checksum.h"

namespace baton::linux {

namespace {

constexpr std::uint8_t hop_limit = 255;  // RFC 4861: has crossed no router
constexpr std::uint8_t option_target_mac = 2;
constexpr std::uint8_t option_source_mac = 1;
constexpr std::size_t option_unit = 8;
constexpr std::uint32_t flag_router = 0x8000'0000;
constexpr std::uint32_t flag_override = 0x2000'0000;

// RFC 2464 section 7.
net::Mac multicast_mac(const net::IpAddress& group) {
  const auto bytes = group.bytes();
  return {{0x33, 0x33, bytes[12], bytes[13], bytes[14], bytes[15]}};
}

struct Discovery {
  std::uint8_t type = 0;
  std::uint32_t flags = 0;
  net::IpAddress source;
  net::IpAddress destination;
  net::IpAddress target;
  std::uint8_t option = 0;
  net::Mac mac;
};

NeighbourFrame build_frame(const Discovery& discovery) {
  BATON_ASSERT(!discovery.source.is_ipv4() && !discovery.destination.is_ipv4() &&
               !discovery.target.is_ipv4());
  net::ByteWriter icmp;
  icmp.u8(discovery.type);
  icmp.u8(0);
  icmp.u16(0);
  icmp.u32(discovery.flags);
  icmp.append(discovery.target.bytes());
  icmp.u8(discovery.option);
  icmp.u8(1);  // unit of eight bytes
  icmp.append(discovery.mac.bytes);
  net::ByteWriter pseudo;
  pseudo.append(discovery.source.bytes());
  pseudo.append(discovery.destination.bytes());
  pseudo.u32(static_cast<std::uint32_t>(icmp.size()));
  pseudo.u32(IPPROTO_ICMPV6);
  icmp.set_u16(2, net::InternetChecksum().add(pseudo.bytes()).add(icmp.bytes()).value());

  net::ByteWriter writer;
  writer.append(multicast_mac(discovery.destination).bytes);
  writer.append(discovery.mac.bytes);
  writer.u16(ETH_P_IPV6);
  writer.u32(0x6000'0000);  // version 6, no class, no flow
  writer.u16(static_cast<std::uint16_t>(icmp.size()));
  writer.u8(IPPROTO_ICMPV6);
  writer.u8(hop_limit);
  writer.append(discovery.source.bytes());
  writer.append(discovery.destination.bytes());
  writer.append(icmp.bytes());
  NeighbourFrame frame;
  BATON_ASSERT(writer.size() == frame.size());
  std::ranges::copy(writer.bytes(), frame.begin());
  return frame;
}

net::IpAddress all_nodes() {
  constexpr std::array<std::uint8_t, 16> bytes{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return net::IpAddress::ipv6(bytes);
}

struct Arrival {
  int hop_limit = 0;
  int link = 0;
};

Arrival read_control(msghdr& message) {
  Arrival arrival;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != IPPROTO_IPV6) continue;
    if (part->cmsg_type == IPV6_HOPLIMIT) {
      std::memcpy(&arrival.hop_limit, CMSG_DATA(part), sizeof arrival.hop_limit);
    } else if (part->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      arrival.link = static_cast<int>(info.ipi6_ifindex);
    }
  }
  return arrival;
}

}  // namespace

NeighbourFrame build_neighbour_advertisement(const net::Mac& mac, const net::IpAddress& address,
                                             bool router) {
  return build_frame({ND_NEIGHBOR_ADVERT, flag_override | (router ? flag_router : 0), address,
                      all_nodes(), address, option_target_mac, mac});
}

net::IpAddress solicited_node_group(const net::IpAddress& address) {
  BATON_ASSERT(!address.is_ipv4());
  std::array<std::uint8_t, 16> bytes{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
  std::ranges::copy(address.bytes().last(3), bytes.begin() + 13);
  return net::IpAddress::ipv6(bytes);
}

NeighbourFrame build_neighbour_probe(const net::Mac& mac, const net::IpAddress& from,
                                     const net::IpAddress& address, const net::IpAddress& group) {
  return build_frame({ND_NEIGHBOR_SOLICIT, 0, from, group, address, option_source_mac, mac});
}

// An echo request has an identifier and a number where the others have flags; what follows is as
// long and means nothing.
NeighbourFrame build_call_to_all(const net::Mac& mac, const net::IpAddress& from) {
  constexpr std::uint32_t identifier = 0x6261'0001;
  return build_frame({ICMP6_ECHO_REQUEST, identifier, from, all_nodes(), from, 0, mac});
}

std::optional<AddressClaim> parse_neighbour_claim(std::span<const std::uint8_t> message) {
  net::ByteReader reader(message);
  const bool is_claim = reader.u8() == ND_NEIGHBOR_ADVERT && reader.u8() == 0;
  reader.take(6);  // checksum, flags
  const auto target = reader.take(16);
  if (!reader.ok() || !is_claim) return std::nullopt;
  AddressClaim claim;
  claim.address = net::IpAddress::ipv6(target.first<16>());
  if (claim.address.is_any() || claim.address.is_multicast()) return std::nullopt;
  while (reader.left() >= option_unit) {
    const std::uint8_t type = reader.u8();
    const std::size_t size = std::size_t{reader.u8()} * option_unit;
    if (size == 0) return std::nullopt;  // RFC 4861 section 4.6: discard the packet
    const auto body = reader.take(size - 2);
    if (!reader.ok()) return std::nullopt;
    if (type != option_target_mac || size != option_unit) continue;
    std::ranges::copy(body, claim.mac.bytes.begin());
    return claim;
  }
  return std::nullopt;
}

bool forwards_ipv6(const std::string& interface) {
  const std::string path = fmt::format("/proc/sys/net/ipv6/conf/{}/forwarding", interface);
  const runtime::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char digit = '0';
  return fd && ::read(fd.get(), &digit, 1) == 1 && digit != '0';
}

Result<NeighbourListener> NeighbourListener::open() {
  runtime::Fd fd(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6));
  if (!fd) return fail_errno(errno, "ICMPv6 socket");
  icmp6_filter filter;
  ICMP6_FILTER_SETBLOCKALL(&filter);
  ICMP6_FILTER_SETPASS(ND_NEIGHBOR_ADVERT, &filter);
  const int on = 1;
  if (::setsockopt(fd.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter) != 0 ||
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on) != 0 ||
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) != 0) {
    return fail_errno(errno, "options of an ICMPv6 socket");
  }
  return NeighbourListener(std::move(fd));
}

bool NeighbourListener::read(const std::function<void(const AddressClaim&)>& visit) {
  for (int i = 0; i < messages_per_read; ++i) {
    std::array<std::uint8_t, 512> buffer;
    iovec piece{buffer.data(), buffer.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(in6_pktinfo))];
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(watched_, &message, 0);
    if (size < 0 && (errno == EINTR || errno == ENETDOWN)) continue;
    if (size < 0) return true;
    const Arrival arrival = read_control(message);
    if (arrival.hop_limit != hop_limit) continue;
    auto claim = parse_neighbour_claim(std::span(buffer).first(static_cast<std::size_t>(size)));
    if (!claim) continue;
    claim->link = arrival.link;
    visit(*claim);
  }
  return false;
}

}  // namespace baton::linux
