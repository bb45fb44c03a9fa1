// Frames and packet sockets of ARP.

#include "linux/arp.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/assert.h"
#include "net/bytes.h"

namespace baton::linux {

namespace {

// A request as a whole Ethernet frame.
ArpFrame build_request(const net::Mac& to, const net::Mac& from, const net::IpAddress& sender,
                       const net::Mac& target_mac, const net::IpAddress& target) {
  BATON_ASSERT(sender.is_ipv4() && target.is_ipv4());
  net::ByteWriter writer;
  writer.append(to.bytes);
  writer.append(from.bytes);
  writer.u16(ETH_P_ARP);
  writer.u16(ARPHRD_ETHER);
  writer.u16(ETH_P_IP);
  writer.u8(static_cast<std::uint8_t>(from.bytes.size()));
  writer.u8(4);
  writer.u16(ARPOP_REQUEST);
  writer.append(from.bytes);
  writer.append(sender.bytes());
  writer.append(target_mac.bytes);
  writer.append(target.bytes());
  ArpFrame frame;
  BATON_ASSERT(writer.size() == frame.size());
  std::ranges::copy(writer.bytes(), frame.begin());
  return frame;
}

// RFC 1112 section 6.4.
net::Mac multicast_mac(const net::IpAddress& group) {
  const auto bytes = group.bytes();
  return {{0x01, 0x00, 0x5e, static_cast<std::uint8_t>(bytes[1] & 0x7f), bytes[2], bytes[3]}};
}

// Lets the kernel throw away what is no claim: passes replies, and requests whose sender and target
// address are the same.
Status attach_claim_filter(int fd) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),  // operation
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPOP_REPLY, 4, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 28),  // sender address
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 38),  // target address
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog program{sizeof code / sizeof code[0], code};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    return fail_errno(errno, "SO_ATTACH_FILTER");
  }
  return {};
}

}  // namespace

ArpFrame build_gratuitous_arp(const net::Mac& mac, const net::IpAddress& address) {
  return build_request(net::Mac::broadcast(), mac, address, net::Mac::broadcast(), address);
}

ArpFrame build_arp_probe(const net::Mac& mac, const net::IpAddress& address,
                         const net::IpAddress& group) {
  return build_request(multicast_mac(group), mac, net::IpAddress::any(net::Family::ipv4), {},
                       address);
}

std::optional<ArpClaim> parse_arp_claim(std::span<const std::uint8_t> frame) {
  net::ByteReader reader(frame);
  reader.take(12);
  const bool is_arp = reader.u16() == ETH_P_ARP && reader.u16() == ARPHRD_ETHER &&
                      reader.u16() == ETH_P_IP && reader.u8() == 6 && reader.u8() == 4;
  const std::uint16_t operation = reader.u16();
  const auto mac = reader.take(6);
  const auto sender = reader.take(4);
  reader.take(6);
  const auto target = reader.take(4);
  if (!reader.ok() || !is_arp) return std::nullopt;
  if (operation != ARPOP_REPLY && !std::ranges::equal(sender, target)) return std::nullopt;
  ArpClaim claim;
  std::ranges::copy(mac, claim.mac.bytes.begin());
  claim.address = net::IpAddress::ipv4(sender.first<4>());
  if (claim.address.is_any()) return std::nullopt;
  return claim;
}

Result<ArpSocket> ArpSocket::open() {
  // Protocol 0: it sends, and receives nothing.
  runtime::Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "packet socket");
  return ArpSocket(std::move(fd));
}

Status ArpSocket::announce(int link, const net::Mac& mac, const net::IpAddress& address) {
  return send(link, build_gratuitous_arp(mac, address));
}

Status ArpSocket::request(int link, const net::Mac& mac, const net::IpAddress& sender,
                          const net::IpAddress& address) {
  return send(link, build_request(net::Mac::broadcast(), mac, sender, {}, address));
}

Status ArpSocket::probe(int link, const net::Mac& mac, const net::IpAddress& address,
                        const net::IpAddress& group) {
  return send(link, build_arp_probe(mac, address, group));
}

Status ArpSocket::send(int link, std::span<const std::uint8_t> frame) {
  BATON_ASSERT(frame.size() >= 14);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = link;
  to.sll_halen = 6;
  std::memcpy(to.sll_addr, frame.data(), 6);
  if (::sendto(fd_.get(), frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&to),
               sizeof to) < 0) {
    return fail_errno(errno, "sending a frame");
  }
  return {};
}

Result<ArpListener> ArpListener::open() {
  // Protocol 0 until the filter stands, so that nothing unfiltered gets in.
  runtime::Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "packet socket");
  if (const auto done = attach_claim_filter(fd.get()); !done) return std::unexpected(done.error());
  sockaddr_ll local{};
  local.sll_family = AF_PACKET;
  local.sll_protocol = htons(ETH_P_ARP);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&local), sizeof local) != 0) {
    return fail_errno(errno, "bind of a packet socket");
  }
  return ArpListener(std::move(fd));
}

bool ArpListener::read(const std::function<void(const ArpClaim&)>& visit) {
  for (int i = 0; i < frames_per_read; ++i) {
    std::array<std::uint8_t, 128> buffer;
    sockaddr_ll from{};
    socklen_t from_size = sizeof from;
    const ssize_t size = ::recvfrom(watched_, buffer.data(), buffer.size(), 0,
                                    reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0 && (errno == EINTR || errno == ENETDOWN)) continue;
    if (size < 0) return true;
    if (from.sll_pkttype == PACKET_OUTGOING) continue;
    auto claim = parse_arp_claim(std::span(buffer).first(static_cast<std::size_t>(size)));
    if (!claim) continue;
    claim->link = from.sll_ifindex;
    visit(*claim);
  }
  return false;
}

}  // namespace baton::linux
