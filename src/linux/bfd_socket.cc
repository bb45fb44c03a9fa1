// Options of the sockets, and what the kernel tells about a packet.

#include "linux/bfd_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include <cerrno>
#include <cstring>

namespace baton::linux {

namespace {

// An age beyond this is a clock that was set, not a packet that waited.
constexpr Duration age_longest = 30s;
constexpr int class_selector_6 = 0xc0;  // network control

Status set_option(const runtime::Fd& fd, int level, int option, int value, const char* detail) {
  if (::setsockopt(fd.get(), level, option, &value, sizeof value) != 0) {
    return fail_errno(errno, detail);
  }
  return {};
}

Result<runtime::Fd> open_udp(bool ipv4) {
  runtime::Fd fd(
      ::socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP));
  if (!fd) return fail_errno(errno, "UDP socket");
  if (!ipv4) static_cast<void>(set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"));
  return fd;
}

Status bind_to(const runtime::Fd& fd, const net::Endpoint& local, int link) {
  sockaddr_storage raw{};
  const unsigned size = local.to_sockaddr(raw);
  if (!local.address.is_ipv4() && local.address.is_link_local()) {
    reinterpret_cast<sockaddr_in6*>(&raw)->sin6_scope_id = static_cast<unsigned>(link);
  }
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&raw), size) != 0) {
    return fail_errno(errno, "bind of a BFD socket");
  }
  return {};
}

Duration age_since(const timespec& stamp) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const Duration age =
      std::chrono::seconds(now.tv_sec - stamp.tv_sec) + Duration(now.tv_nsec - stamp.tv_nsec);
  return age > age_longest || age < 0s ? Duration(0s) : age;
}

template <typename T>
T read_as(const cmsghdr* part) {
  T value{};
  std::memcpy(&value, CMSG_DATA(part), sizeof value);
  return value;
}

void take_part(const cmsghdr* part, BfdDatagram& datagram) {
  const auto is = [part](int level, int type) {
    return part->cmsg_level == level && part->cmsg_type == type;
  };
  if (is(SOL_SOCKET, SCM_TIMESTAMPNS)) {
    datagram.age = age_since(read_as<timespec>(part));
  } else if (is(IPPROTO_IP, IP_TTL) || is(IPPROTO_IPV6, IPV6_HOPLIMIT)) {
    datagram.hop_limit = static_cast<std::uint8_t>(read_as<int>(part));
  } else if (is(IPPROTO_IP, IP_PKTINFO)) {
    const auto info = read_as<in_pktinfo>(part);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &info.ipi_addr, bytes.size());
    datagram.destination = net::IpAddress::ipv4(bytes);
    datagram.link = info.ipi_ifindex;
  } else if (is(IPPROTO_IPV6, IPV6_PKTINFO)) {
    const auto info = read_as<in6_pktinfo>(part);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
    datagram.destination = net::IpAddress::ipv6(bytes);
    datagram.link = static_cast<int>(info.ipi6_ifindex);
  }
}

}  // namespace

Result<BfdReceiver> BfdReceiver::open(net::Family family, std::uint16_t port) {
  const bool ipv4 = family == net::Family::ipv4;
  auto fd = open_udp(ipv4);
  if (!fd) return std::unexpected(fd.error());
  const int level = ipv4 ? IPPROTO_IP : IPPROTO_IPV6;
  const int hops = ipv4 ? IP_RECVTTL : IPV6_RECVHOPLIMIT;
  const int info = ipv4 ? IP_PKTINFO : IPV6_RECVPKTINFO;
  for (const auto& done : {set_option(*fd, level, hops, 1, "IP_RECVTTL"),
                           set_option(*fd, level, info, 1, "IP_PKTINFO"),
                           set_option(*fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS"),
                           bind_to(*fd, {net::IpAddress::any(family), port}, 0)}) {
    if (!done) return std::unexpected(done.error());
  }
  return BfdReceiver(std::move(*fd));
}

runtime::Fd BfdReceiver::release() {
  watched_ = fd_.get();
  return std::move(fd_);
}

std::optional<BfdDatagram> BfdReceiver::receive() {
  iovec piece{buffer_.data(), buffer_.size()};
  alignas(cmsghdr) char control[256];
  sockaddr_storage from{};
  for (;;) {
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(watched_, &message, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    BfdDatagram datagram;
    datagram.bytes = std::span(buffer_).first(static_cast<std::size_t>(size));
    const auto source = net::Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&from));
    if (source) datagram.source = source->address;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
      take_part(part, datagram);
    }
    return datagram;
  }
}

Result<BfdSender> BfdSender::open(const Way& way) {
  const bool ipv4 = way.remote.is_ipv4();
  auto fd = open_udp(ipv4);
  if (!fd) return std::unexpected(fd.error());
  const int level = ipv4 ? IPPROTO_IP : IPPROTO_IPV6;
  if (way.link != 0) {
    const auto bound = set_option(*fd, SOL_SOCKET, SO_BINDTOIFINDEX, way.link, "SO_BINDTOIFINDEX");
    if (!bound) return std::unexpected(bound.error());
  }
  static_cast<void>(set_option(*fd, SOL_SOCKET, SO_PRIORITY, 6, "SO_PRIORITY"));
  static_cast<void>(
      set_option(*fd, level, ipv4 ? IP_TOS : IPV6_TCLASS, class_selector_6, "IP_TOS"));
  // Answers to our packets go to the receiver; errors of the way there are told with the next send.
  static_cast<void>(set_option(*fd, SOL_SOCKET, SO_RCVBUF, 0, "SO_RCVBUF"));
  const auto hops = set_option(*fd, level, ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, way.hop_limit,
                               "IP_TTL of a BFD socket");
  if (!hops) return std::unexpected(hops.error());
  net::IpAddress local = way.local;
  if (local.is_any()) local = net::IpAddress::any(way.remote.family());
  if (const auto done = bind_to(*fd, {local, way.source_port}, way.link); !done) {
    return std::unexpected(done.error());
  }
  return BfdSender(std::move(*fd), way);
}

Status BfdSender::send(std::span<const std::uint8_t> bytes) {
  sockaddr_storage raw{};
  const unsigned size = net::Endpoint{way_.remote, way_.port}.to_sockaddr(raw);
  if (!way_.remote.is_ipv4() && way_.remote.is_link_local()) {
    reinterpret_cast<sockaddr_in6*>(&raw)->sin6_scope_id = static_cast<unsigned>(way_.link);
  }
  if (::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&raw),
               size) < 0) {
    return fail_errno(errno, "sending a BFD packet");
  }
  return {};
}

}  // namespace baton::linux
