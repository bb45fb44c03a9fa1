// Options of the raw sockets, and the age of what they receive.

#include "linux/vrrp_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace baton::linux {

namespace {

constexpr int vrrp_protocol = 112;
// An age beyond this is a clock that was set, not a packet that waited.
constexpr Duration age_longest = 30s;

Status set_option(const runtime::Fd& fd, int level, int option, int value, const char* detail) {
  if (::setsockopt(fd.get(), level, option, &value, sizeof value) != 0) {
    return fail_errno(errno, detail);
  }
  return {};
}

in_addr to_in_addr(const net::IpAddress& address) {
  in_addr raw{};
  std::memcpy(&raw, address.bytes().data(), sizeof raw);
  return raw;
}

sockaddr_in to_sockaddr(const net::IpAddress& address) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_addr = to_in_addr(address);
  return raw;
}

Result<runtime::Fd> open_raw(const VrrpEndpoint& endpoint) {
  runtime::Fd fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, vrrp_protocol));
  if (!fd) return fail_errno(errno, "raw socket");
  if (!endpoint.interface.empty() &&
      ::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, endpoint.interface.c_str(),
                   static_cast<socklen_t>(endpoint.interface.size() + 1)) != 0) {
    return fail_errno(errno, "SO_BINDTODEVICE");
  }
  return fd;
}

Result<runtime::Fd> open_sender(VrrpEndpoint endpoint) {
  if (!endpoint.transmit_interface.empty()) {
    endpoint.interface = endpoint.transmit_interface;
    endpoint.link = endpoint.transmit_link;
  }
  auto fd = open_raw(endpoint);
  if (!fd) return fd;
  if (auto done = set_option(*fd, IPPROTO_IP, IP_HDRINCL, 1, "IP_HDRINCL"); !done) {
    return std::unexpected(done.error());
  }
  if (endpoint.is_multicast()) {
    ip_mreqn out{};
    out.imr_ifindex = endpoint.link;
    if (::setsockopt(fd->get(), IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out) != 0) {
      return fail_errno(errno, "IP_MULTICAST_IF");
    }
    if (auto done = set_option(*fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP"); !done) {
      return std::unexpected(done.error());
    }
  }
  // Network control, for queueing disciplines on the way out.
  static_cast<void>(set_option(*fd, SOL_SOCKET, SO_PRIORITY, 6, "SO_PRIORITY"));
  // It shall not collect copies of what the receiver gets.
  static_cast<void>(set_option(*fd, SOL_SOCKET, SO_RCVBUF, 0, "SO_RCVBUF"));
  return fd;
}

Result<runtime::Fd> open_receiver(const VrrpEndpoint& endpoint) {
  auto fd = open_raw(endpoint);
  if (!fd) return fd;
  const sockaddr_in local = to_sockaddr(endpoint.receive_address);
  // A unicast address that is not here yet may come later.
  static_cast<void>(set_option(*fd, IPPROTO_IP, IP_FREEBIND, 1, "IP_FREEBIND"));
  if (::bind(fd->get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    return fail_errno(errno, "bind of a raw socket");
  }
  if (endpoint.is_multicast()) {
    ip_mreqn group{};
    group.imr_multiaddr = to_in_addr(endpoint.receive_address);
    group.imr_ifindex = endpoint.link;
    if (::setsockopt(fd->get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
      return fail_errno(errno, "IP_ADD_MEMBERSHIP");
    }
    // Otherwise it also gets what other sockets of this machine joined.
    static_cast<void>(set_option(*fd, IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL"));
  }
  if (auto done = set_option(*fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS"); !done) {
    return std::unexpected(done.error());
  }
  return fd;
}

Duration age_of(const msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part;
       part = CMSG_NXTHDR(const_cast<msghdr*>(&message), part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    const Duration age =
        std::chrono::seconds(now.tv_sec - stamp.tv_sec) + Duration(now.tv_nsec - stamp.tv_nsec);
    return age > age_longest || age < 0s ? Duration(0s) : age;
  }
  return 0s;
}

}  // namespace

VrrpSocket::VrrpSocket(VrrpEndpoint endpoint, runtime::Fd sender, runtime::Fd receiver)
    : endpoint_(std::move(endpoint)),
      sender_(std::move(sender)),
      receiver_(std::move(receiver)),
      watched_(receiver_.get()) {}

Result<VrrpSocket> VrrpSocket::open(const VrrpEndpoint& endpoint) {
  auto sender = open_sender(endpoint);
  if (!sender) return std::unexpected(sender.error());
  auto receiver = open_receiver(endpoint);
  if (!receiver) return std::unexpected(receiver.error());
  return VrrpSocket(endpoint, std::move(*sender), std::move(*receiver));
}

runtime::Fd VrrpSocket::release_receiver() {
  watched_ = receiver_.get();
  return std::move(receiver_);
}

Status VrrpSocket::send(std::span<const std::uint8_t> packet, const net::IpAddress& destination) {
  const sockaddr_in to = to_sockaddr(destination);
  // A multicast advert belongs on this link whatever the routes say; a unicast peer may be far.
  const int flags = endpoint_.is_multicast() ? MSG_DONTROUTE : 0;
  if (::sendto(sender_.get(), packet.data(), packet.size(), flags,
               reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) {
    return fail_errno(errno, "sending an advert");
  }
  return {};
}

std::optional<ReceivedPacket> VrrpSocket::receive() {
  iovec piece{buffer_.data(), buffer_.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(timespec))];
  for (;;) {
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(watched_, &message, 0);
    if (size >= 0) {
      return ReceivedPacket{std::span(buffer_).first(static_cast<std::size_t>(size)),
                            age_of(message)};
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    // ENETDOWN and the like are told once and then gone.
    if (errno != EINTR && errno != ENETDOWN) return std::nullopt;
  }
}

}  // namespace baton::linux
