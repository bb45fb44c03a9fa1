// The packet socket of PacketCapture and its filter.

#include "linux/packet_capture.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <cstring>

namespace baton::linux {

namespace {

constexpr std::uint32_t whole_packet = 65535;

// Classic BPF over a packet from its IP header on:
//   version 4: protocol (byte 9) is 112 or 51; version 6: next header (byte 6) is 112 or 51.
// The two numbers behind a comparison are how many steps to skip when it holds and when not.
std::array<sock_filter, 11> vrrp_filter() {
  return {{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),            // 0: version and header length
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),        // 1
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40, 0, 2),  // 2: not IPv4 -> 5
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),            // 3
      BPF_STMT(BPF_JMP | BPF_JA, 2),                    // 4: -> 7
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x60, 0, 4),  // 5: not IPv6 -> 10
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),            // 6
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 112, 1, 0),   // 7: VRRP -> 9
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 51, 0, 1),    // 8: not AH -> 10
      BPF_STMT(BPF_RET | BPF_K, whole_packet),          // 9
      BPF_STMT(BPF_RET | BPF_K, 0),                     // 10
  }};
}

Status set_up(const runtime::Fd& fd, int link) {
  auto filter = vrrp_filter();
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    return fail_errno(errno, "SO_ATTACH_FILTER");
  }
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) {
    return fail_errno(errno, "SO_TIMESTAMPNS");
  }
  // Only now does the socket see packets, so none gets past the filter.
  sockaddr_ll place{};
  place.sll_family = AF_PACKET;
  place.sll_protocol = htons(ETH_P_ALL);
  place.sll_ifindex = link;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0) {
    return fail_errno(errno, "bind of a packet socket");
  }
  if (link == 0) return {};
  // Adverts between others are sent to them or to a group that this host may not have joined.
  packet_mreq membership{};
  membership.mr_ifindex = link;
  membership.mr_type = PACKET_MR_PROMISC;
  if (::setsockopt(fd.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership) !=
      0) {
    return fail_errno(errno, "PACKET_ADD_MEMBERSHIP");
  }
  return {};
}

WallTime time_of(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
    return WallTime(std::chrono::seconds(stamp.tv_sec) + std::chrono::nanoseconds(stamp.tv_nsec));
  }
  return {};
}

}  // namespace

Result<PacketCapture> PacketCapture::open(int link) {
  // Protocol 0: the socket receives nothing before it is bound.
  runtime::Fd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "packet socket");
  if (auto done = set_up(fd, link); !done) return std::unexpected(done.error());
  return PacketCapture(std::move(fd));
}

Result<std::optional<CapturedPacket>> PacketCapture::receive(Duration patience) {
  pollfd waiting{fd_.get(), POLLIN, 0};
  const int timeout_ms = patience < 0s ? -1 : static_cast<int>(to_ms(patience));
  const int ready = ::poll(&waiting, 1, timeout_ms);
  if (ready < 0 && errno != EINTR) return fail_errno(errno, "poll");
  if (ready <= 0) return std::nullopt;

  sockaddr_ll from{};
  iovec bytes{buffer_.data(), buffer_.size()};
  alignas(cmsghdr) std::array<char, 256> control{};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(fd_.get(), &message, 0);
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return std::nullopt;
    return fail_errno(errno, "receiving a packet");
  }
  CapturedPacket packet;
  packet.bytes = std::span(buffer_.data(), static_cast<std::size_t>(got));
  packet.time = time_of(message);
  packet.link = from.sll_ifindex;
  packet.outgoing = from.sll_pkttype == PACKET_OUTGOING;
  return packet;
}

}  // namespace baton::linux
