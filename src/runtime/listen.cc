// Making the socket.

#include "runtime/listen.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace baton::runtime {

namespace {

Result<Fd> listen_exactly(const net::Endpoint& at) {
  sockaddr_storage address;
  const socklen_t size = at.to_sockaddr(address);
  Fd fd(::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket() failed");
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd.get(), IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
  if (!at.address.is_ipv4()) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) {
    return fail_errno(errno, "bind() failed");
  }
  constexpr int backlog = 16;
  if (::listen(fd.get(), backlog) != 0) return fail_errno(errno, "listen() failed");
  return fd;
}

}  // namespace

Result<Fd> listen_tcp(const net::Endpoint& at) {
  auto fd = listen_exactly(at);
  const bool any_ipv6 = !at.address.is_ipv4() && at.address.is_any();
  if (fd || !any_ipv6 || fd.error().errno_value == EADDRINUSE) return fd;
  return listen_exactly({net::IpAddress::any(net::Family::ipv4), at.port});
}

net::IpAddress unmapped(const net::IpAddress& address) {
  if (address.is_ipv4()) return address;
  constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const auto bytes = address.bytes();
  if (!std::ranges::equal(bytes.first<12>(), mapped)) return address;
  return net::IpAddress::ipv4(bytes[12], bytes[13], bytes[14], bytes[15]);
}

}  // namespace baton::runtime
