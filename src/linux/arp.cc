// Frame and packet socket of gratuitous ARP.

#include "linux/arp.h"

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

ArpFrame build_gratuitous_arp(const net::Mac& mac, const net::IpAddress& address) {
  BATON_ASSERT(address.is_ipv4());
  const auto everybody = net::Mac::broadcast();
  net::ByteWriter writer;
  writer.append(everybody.bytes);
  writer.append(mac.bytes);
  writer.u16(ETH_P_ARP);
  writer.u16(ARPHRD_ETHER);
  writer.u16(ETH_P_IP);
  writer.u8(static_cast<std::uint8_t>(mac.bytes.size()));
  writer.u8(4);
  writer.u16(ARPOP_REQUEST);
  writer.append(mac.bytes);
  writer.append(address.bytes());
  writer.append(everybody.bytes);
  writer.append(address.bytes());
  ArpFrame frame;
  BATON_ASSERT(writer.size() == frame.size());
  std::ranges::copy(writer.bytes(), frame.begin());
  return frame;
}

Result<ArpSocket> ArpSocket::open() {
  // Protocol 0: it sends, and receives nothing.
  runtime::Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "packet socket");
  return ArpSocket(std::move(fd));
}

Status ArpSocket::announce(int link, const net::Mac& mac, const net::IpAddress& address) {
  const ArpFrame frame = build_gratuitous_arp(mac, address);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = link;
  to.sll_halen = static_cast<unsigned char>(mac.bytes.size());
  std::memset(to.sll_addr, 0xff, mac.bytes.size());
  if (::sendto(fd_.get(), frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&to),
               sizeof to) < 0) {
    return fail_errno(errno, "gratuitous ARP");
  }
  return {};
}

}  // namespace baton::linux
