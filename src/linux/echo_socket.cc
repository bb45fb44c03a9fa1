// Requests, and the filter that lets only replies in.

#include "linux/echo_socket.h"

#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <span>

#include "net/bytes.h"
#include "net/checksum.h"

namespace baton::linux {

namespace {

constexpr std::uint8_t type_of_reply(net::Family family) {
  return family == net::Family::ipv4 ? ICMP_ECHOREPLY : ICMPV6_ECHO_REPLY;
}

// Drops everything but echo replies. A raw IPv4 socket sees the IP header, an IPv6 one does not.
void attach_filter(int fd, net::Family family) {
  sock_filter ipv4[] = {
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
      BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP_ECHOREPLY, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  sock_filter ipv6[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMPV6_ECHO_REPLY, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const std::span<sock_filter> code =
      family == net::Family::ipv4 ? std::span<sock_filter>(ipv4) : std::span<sock_filter>(ipv6);
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  // Without it receive() has more to throw away, and works all the same.
  ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

}  // namespace

EchoSocket::EchoSocket(net::Family family, runtime::Fd fd)
    : family_(family), fd_(std::move(fd)), watched_(fd_.get()) {}

Result<EchoSocket> EchoSocket::open(net::Family family) {
  const bool is_ipv4 = family == net::Family::ipv4;
  runtime::Fd fd(
      ::socket(is_ipv4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
               is_ipv4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6)));
  if (!fd) return fail_errno(errno, "ICMP socket");
  attach_filter(fd.get(), family);
  return EchoSocket(family, std::move(fd));
}

runtime::Fd EchoSocket::release() {
  watched_ = fd_.get();
  return std::move(fd_);
}

Status EchoSocket::send(const net::IpAddress& to, std::uint16_t identifier,
                        std::uint16_t sequence) {
  net::ByteWriter writer;
  const bool is_ipv4 = family_ == net::Family::ipv4;
  writer.u8(is_ipv4 ? ICMP_ECHO : ICMPV6_ECHO_REQUEST);
  writer.u8(0);
  writer.u16(0);
  writer.u16(identifier);
  writer.u16(sequence);
  writer.append(std::array<std::uint8_t, 16>{});
  // The kernel sums ICMPv6, whose checksum covers addresses that only it knows.
  if (is_ipv4) writer.set_u16(2, net::InternetChecksum().add(writer.bytes()).value());
  sockaddr_storage target{};
  const socklen_t length = net::Endpoint{to, 0}.to_sockaddr(target);
  const auto message = writer.take();
  if (::sendto(watched_, message.data(), message.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&target), length) < 0) {
    return fail_errno(errno, "ping");
  }
  return {};
}

std::optional<EchoSocket::Reply> EchoSocket::receive() {
  for (int attempt = 0; attempt < 64; ++attempt) {
    std::array<std::uint8_t, 256> buffer;
    sockaddr_storage from{};
    socklen_t from_size = sizeof from;
    const ssize_t size = ::recvfrom(watched_, buffer.data(), buffer.size(), 0,
                                    reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
    if (size <= 0) continue;
    std::span<const std::uint8_t> packet(buffer.data(), static_cast<std::size_t>(size));
    if (family_ == net::Family::ipv4) {
      const std::size_t header = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
      if (packet.size() < header) continue;
      packet = packet.subspan(header);
    }
    net::ByteReader reader(packet);
    if (reader.u8() != type_of_reply(family_)) continue;
    reader.take(3);
    Reply reply;
    reply.identifier = reader.u16();
    reply.sequence = reader.u16();
    const auto source = net::Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&from));
    if (!reader.ok() || !source) continue;
    reply.source = source->address;
    return reply;
  }
  return std::nullopt;
}

}  // namespace baton::linux
