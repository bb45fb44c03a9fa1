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

sockaddr_in to_sockaddr(const net::IpAddress& address, std::uint16_t port) {
  sockaddr_in raw{};
  raw.sin_family = AF_INET;
  raw.sin_port = htons(port);
  std::memcpy(&raw.sin_addr, address.bytes().data(), sizeof raw.sin_addr);
  return raw;
}

const net::IpAddress group = net::IpAddress::ipv4(224, 0, 0, 18);

Status join(const runtime::Fd& fd, const HeartbeatEndpoint& endpoint) {
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, endpoint.interface.c_str(),
                   static_cast<socklen_t>(endpoint.interface.size() + 1)) != 0) {
    return fail_errno(errno, "SO_BINDTODEVICE");
  }
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

}  // namespace

HeartbeatSocket::HeartbeatSocket(HeartbeatEndpoint endpoint, runtime::Fd fd)
    : endpoint_(std::move(endpoint)), fd_(std::move(fd)), watched_(fd_.get()) {}

Result<HeartbeatSocket> HeartbeatSocket::open(const HeartbeatEndpoint& endpoint) {
  runtime::Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "UDP socket");
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  set_option(fd, SOL_SOCKET, SO_PRIORITY, 6);
  set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  set_option(fd, IPPROTO_IP, IP_TTL, ttl_highest);
  set_option(fd, IPPROTO_IP, IP_RECVTTL, 1);
  if (!endpoint.interface.empty()) {
    if (auto done = join(fd, endpoint); !done) return std::unexpected(done.error());
  }
  const sockaddr_in local = to_sockaddr(net::IpAddress{}, endpoint.port);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    return fail_errno(errno, "bind of the heartbeat socket");
  }
  return HeartbeatSocket(endpoint, std::move(fd));
}

runtime::Fd HeartbeatSocket::release() {
  watched_ = fd_.get();
  return std::move(fd_);
}

Status HeartbeatSocket::send(std::span<const std::uint8_t> bytes, const net::IpAddress& to) {
  const sockaddr_in target = to_sockaddr(endpoint_.interface.empty() ? to : group, endpoint_.port);
  if (::sendto(watched_, bytes.data(), bytes.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&target), sizeof target) < 0) {
    return fail_errno(errno, "sending a heartbeat");
  }
  return {};
}

std::optional<ReceivedHeartbeat> HeartbeatSocket::receive() {
  iovec piece{buffer_.data(), buffer_.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  // Errors of unicast (nobody listens there) are told here, each once.
  for (int attempt = 0; attempt < 8; ++attempt) {
    sockaddr_in from{};
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
    ReceivedHeartbeat received;
    received.bytes = std::span(buffer_).first(static_cast<std::size_t>(size));
    std::array<std::uint8_t, 4> source{};
    std::memcpy(source.data(), &from.sin_addr, source.size());
    received.source = net::IpAddress::ipv4(source);
    const cmsghdr* part = CMSG_FIRSTHDR(&message);
    if (part && part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TTL) {
      int ttl = 0;
      std::memcpy(&ttl, CMSG_DATA(part), sizeof ttl);
      received.from_this_link = ttl == ttl_highest;
    }
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
