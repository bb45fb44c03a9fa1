// Options, sending, receiving with the TTL.

#include "linux/heartbeat_socket.h"

#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include <cerrno>
#include <cstring>

namespace baton::linux {

namespace {

constexpr int ttl_highest = 255;

void set_option(const runtime::Fd& fd, int level, int option, int value) {
  ::setsockopt(fd.get(), level, option, &value, sizeof value);
}

net::IpAddress group_of(net::Family family) {
  static constexpr std::array<std::uint8_t, 16> group6{0xff, 0x02, 0, 0, 0, 0, 0, 0,
                                                       0,    0,    0, 0, 0, 0, 0, 0x12};
  return family == net::Family::ipv4 ? net::IpAddress::ipv4(224, 0, 0, 18)
                                     : net::IpAddress::ipv6(group6);
}

struct SocketAddress {
  sockaddr_storage raw{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&raw); }
};

SocketAddress to_sockaddr(const net::IpAddress& address, const HeartbeatEndpoint& endpoint) {
  SocketAddress result;
  result.size = net::Endpoint{address, endpoint.port}.to_sockaddr(result.raw);
  if (!address.is_ipv4() && endpoint.link != 0) {
    reinterpret_cast<sockaddr_in6*>(&result.raw)->sin6_scope_id =
        static_cast<std::uint32_t>(endpoint.link);
  }
  return result;
}

Status join4(const runtime::Fd& fd, const HeartbeatEndpoint& endpoint) {
  const net::IpAddress group = group_of(net::Family::ipv4);
  ip_mreqn membership{};
  std::memcpy(&membership.imr_multiaddr, group.bytes().data(), sizeof membership.imr_multiaddr);
  membership.imr_ifindex = endpoint.link;
  if (::setsockopt(fd.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof membership) != 0) {
    return fail_errno(errno, "IP_ADD_MEMBERSHIP");
  }
  if (::setsockopt(fd.get(), IPPROTO_IP, IP_MULTICAST_IF, &membership, sizeof membership) != 0) {
    return fail_errno(errno, "IP_MULTICAST_IF");
  }
  set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
  set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, ttl_highest);
  return {};
}

Status join6(const runtime::Fd& fd, const HeartbeatEndpoint& endpoint) {
  const net::IpAddress group = group_of(net::Family::ipv6);
  ipv6_mreq membership{};
  std::memcpy(&membership.ipv6mr_multiaddr, group.bytes().data(),
              sizeof membership.ipv6mr_multiaddr);
  membership.ipv6mr_interface = static_cast<unsigned>(endpoint.link);
  if (::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_JOIN_GROUP, &membership, sizeof membership) != 0) {
    return fail_errno(errno, "IPV6_JOIN_GROUP");
  }
  if (::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, &endpoint.link,
                   sizeof endpoint.link) != 0) {
    return fail_errno(errno, "IPV6_MULTICAST_IF");
  }
  set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
  set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl_highest);
  return {};
}

Status join(const runtime::Fd& fd, const HeartbeatEndpoint& endpoint) {
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, endpoint.interface.c_str(),
                   static_cast<socklen_t>(endpoint.interface.size() + 1)) != 0) {
    return fail_errno(errno, "SO_BINDTODEVICE");
  }
  return endpoint.family == net::Family::ipv4 ? join4(fd, endpoint) : join6(fd, endpoint);
}

void set_options(const runtime::Fd& fd, net::Family family) {
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  set_option(fd, SOL_SOCKET, SO_PRIORITY, 6);
  if (family == net::Family::ipv4) {
    set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    set_option(fd, IPPROTO_IP, IP_TTL, ttl_highest);
    set_option(fd, IPPROTO_IP, IP_RECVTTL, 1);
  } else {
    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
    set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl_highest);
    set_option(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  }
}

// Both families tell it as an int.
bool tells_highest_ttl(const cmsghdr* part) {
  const bool is_ttl =
      part && ((part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TTL) ||
               (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_HOPLIMIT));
  int ttl = 0;
  if (is_ttl) std::memcpy(&ttl, CMSG_DATA(part), sizeof ttl);
  return ttl == ttl_highest;
}

}  // namespace

HeartbeatSocket::HeartbeatSocket(HeartbeatEndpoint endpoint, runtime::Fd fd)
    : endpoint_(std::move(endpoint)), fd_(std::move(fd)), watched_(fd_.get()) {}

Result<HeartbeatSocket> HeartbeatSocket::open(const HeartbeatEndpoint& endpoint) {
  const int family = endpoint.family == net::Family::ipv4 ? AF_INET : AF_INET6;
  runtime::Fd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "UDP socket");
  set_options(fd, endpoint.family);
  if (!endpoint.interface.empty()) {
    if (auto done = join(fd, endpoint); !done) return std::unexpected(done.error());
  }
  const SocketAddress local = to_sockaddr(net::IpAddress::any(endpoint.family), endpoint);
  if (::bind(fd.get(), local.get(), local.size) != 0) {
    return fail_errno(errno, "bind of the heartbeat socket");
  }
  return HeartbeatSocket(endpoint, std::move(fd));
}

runtime::Fd HeartbeatSocket::release() {
  watched_ = fd_.get();
  return std::move(fd_);
}

Status HeartbeatSocket::send(std::span<const std::uint8_t> bytes, const net::IpAddress& to) {
  const SocketAddress target =
      to_sockaddr(endpoint_.interface.empty() ? to : group_of(endpoint_.family), endpoint_);
  if (::sendto(watched_, bytes.data(), bytes.size(), MSG_NOSIGNAL, target.get(), target.size) < 0) {
    return fail_errno(errno, "sending a heartbeat");
  }
  return {};
}

std::optional<ReceivedHeartbeat> HeartbeatSocket::receive() {
  iovec piece{buffer_.data(), buffer_.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  // Errors of unicast (nobody listens there) are told here, each once.
  for (int attempt = 0; attempt < 8; ++attempt) {
    sockaddr_storage from{};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t size = ::recvmsg(watched_, &message, 0);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
    if (size < 0) continue;
    const auto sender = net::Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&from));
    if (!sender) continue;
    ReceivedHeartbeat received;
    received.bytes = std::span(buffer_).first(static_cast<std::size_t>(size));
    received.source = sender->address;
    received.from_this_link = tells_highest_ttl(CMSG_FIRSTHDR(&message));
    return received;
  }
  return std::nullopt;
}

std::uint64_t draw_run_number() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    number = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'007u +
             static_cast<std::uint64_t>(now.tv_nsec);
  }
  return number == 0 ? 1 : number;
}

}  // namespace baton::linux
