// Options of the raw sockets, and the age of what they receive.

#include "linux/vrrp_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <tuple>

#include "base/assert.h"
#include "runtime/loop.h"

namespace baton::linux {

namespace {

// An age beyond this is a clock that was set, not a packet that waited.
constexpr Duration age_longest = 30s;

Status set_option(const runtime::Fd& fd, int level, int option, int value, const char* detail) {
  if (::setsockopt(fd.get(), level, option, &value, sizeof value) != 0) {
    return fail_errno(errno, detail);
  }
  return {};
}

Status set_options(const runtime::Fd& fd, int level,
                   std::initializer_list<std::tuple<int, int, const char*>> options) {
  for (const auto& [option, value, detail] : options) {
    if (auto done = set_option(fd, level, option, value, detail); !done) return done;
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

in6_addr to_in6_addr(const net::IpAddress& address) {
  in6_addr raw{};
  std::memcpy(&raw, address.bytes().data(), sizeof raw);
  return raw;
}

// Addresses of a link mean nothing without it.
sockaddr_in6 to_sockaddr6(const net::IpAddress& address, int link) {
  sockaddr_in6 raw{};
  raw.sin6_family = AF_INET6;
  raw.sin6_addr = to_in6_addr(address);
  if (address.is_link_local() || address.is_multicast()) {
    raw.sin6_scope_id = static_cast<std::uint32_t>(link);
  }
  return raw;
}

Result<runtime::Fd> open_raw(const VrrpEndpoint& endpoint) {
  const int family = endpoint.is_ipv4() ? AF_INET : AF_INET6;
  runtime::Fd fd(::socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, endpoint.protocol));
  if (!fd) return fail_errno(errno, "raw socket");
  if (!endpoint.interface.empty() &&
      ::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, endpoint.interface.c_str(),
                   static_cast<socklen_t>(endpoint.interface.size() + 1)) != 0) {
    return fail_errno(errno, "SO_BINDTODEVICE");
  }
  return fd;
}

Status prepare_sender4(const runtime::Fd& fd, const VrrpEndpoint& endpoint) {
  if (auto done = set_option(fd, IPPROTO_IP, IP_HDRINCL, 1, "IP_HDRINCL"); !done) return done;
  if (!endpoint.is_multicast()) return {};
  ip_mreqn out{};
  out.imr_ifindex = endpoint.link;
  if (::setsockopt(fd.get(), IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out) != 0) {
    return fail_errno(errno, "IP_MULTICAST_IF");
  }
  return set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP");
}

Status prepare_sender6(const runtime::Fd& fd, const VrrpEndpoint& endpoint) {
  if (auto done = set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, vrrp::ip_tos, "IPV6_TCLASS"); !done) {
    return done;
  }
  if (!endpoint.is_multicast()) return {};
  return set_options(fd, IPPROTO_IPV6,
                     {{IPV6_MULTICAST_IF, endpoint.link, "IPV6_MULTICAST_IF"},
                      {IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP"}});
}

Status prepare_receiver4(const runtime::Fd& fd, const VrrpEndpoint& endpoint) {
  const sockaddr_in local = to_sockaddr(endpoint.receive_address);
  // A unicast address that is not here yet may come later.
  static_cast<void>(set_option(fd, IPPROTO_IP, IP_FREEBIND, 1, "IP_FREEBIND"));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    return fail_errno(errno, "bind of a raw socket");
  }
  if (!endpoint.is_multicast()) return {};
  ip_mreqn group{};
  group.imr_multiaddr = to_in_addr(endpoint.receive_address);
  group.imr_ifindex = endpoint.link;
  if (::setsockopt(fd.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
    return fail_errno(errno, "IP_ADD_MEMBERSHIP");
  }
  // Otherwise it also gets what other sockets of this machine joined.
  static_cast<void>(set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL"));
  return {};
}

Status prepare_receiver6(const runtime::Fd& fd, const VrrpEndpoint& endpoint) {
  const sockaddr_in6 local = to_sockaddr6(endpoint.receive_address, endpoint.link);
  static_cast<void>(set_option(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1, "IPV6_FREEBIND"));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
    return fail_errno(errno, "bind of a raw IPv6 socket");
  }
  if (auto done = set_options(
          fd, IPPROTO_IPV6,
          {{IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO"}, {IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT"}});
      !done) {
    return done;
  }
  if (!endpoint.is_multicast()) return {};
  ipv6_mreq group{};
  group.ipv6mr_multiaddr = to_in6_addr(endpoint.receive_address);
  group.ipv6mr_interface = static_cast<unsigned>(endpoint.link);
  if (::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof group) != 0) {
    return fail_errno(errno, "IPV6_JOIN_GROUP");
  }
  static_cast<void>(set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0, "IPV6_MULTICAST_ALL"));
  return {};
}

Result<runtime::Fd> open_sender(const VrrpEndpoint& endpoint) {
  auto fd = open_raw(endpoint);
  if (!fd) return fd;
  const auto prepared =
      endpoint.is_ipv4() ? prepare_sender4(*fd, endpoint) : prepare_sender6(*fd, endpoint);
  if (!prepared) return std::unexpected(prepared.error());
  // Network control, for queueing disciplines on the way out.
  static_cast<void>(set_option(*fd, SOL_SOCKET, SO_PRIORITY, 6, "SO_PRIORITY"));
  // It shall not collect copies of what the receiver gets.
  static_cast<void>(set_option(*fd, SOL_SOCKET, SO_RCVBUF, 0, "SO_RCVBUF"));
  return fd;
}

Result<runtime::Fd> open_receiver(const VrrpEndpoint& endpoint) {
  auto fd = open_raw(endpoint);
  if (!fd) return fd;
  const auto prepared =
      endpoint.is_ipv4() ? prepare_receiver4(*fd, endpoint) : prepare_receiver6(*fd, endpoint);
  if (!prepared) return std::unexpected(prepared.error());
  if (auto done = set_option(*fd, SOL_SOCKET, SO_TIMESTAMPNS, 1, "SO_TIMESTAMPNS"); !done) {
    return std::unexpected(done.error());
  }
  return fd;
}

Duration age_of(const cmsghdr* part, WallTime now) {
  timespec stamp{};
  std::memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
  const Duration age = now - WallTime(std::chrono::seconds(stamp.tv_sec) + Duration(stamp.tv_nsec));
  return age > age_longest || age < 0s ? Duration(0s) : age;
}

net::IpAddress to_address(const in6_addr& raw) {
  return net::IpAddress::ipv6(std::span<const std::uint8_t, 16>(raw.s6_addr, 16));
}

// Age and envelope, from what the kernel says beside the bytes.
void read_control(msghdr& message, ReceivedPacket& packet, WallTime now) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
      packet.age = age_of(part, now);
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(part), sizeof info);
      if (packet.envelope) packet.envelope->destination = to_address(info.ipi6_addr);
    } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_HOPLIMIT) {
      int hop_limit = 0;
      std::memcpy(&hop_limit, CMSG_DATA(part), sizeof hop_limit);
      if (packet.envelope) packet.envelope->ttl = static_cast<std::uint8_t>(hop_limit);
    }
  }
}

template <typename Value>
void put_control(cmsghdr*& part, msghdr& message, int type, const Value& value) {
  part->cmsg_level = IPPROTO_IPV6;
  part->cmsg_type = type;
  part->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(part), &value, sizeof value);
  part = CMSG_NXTHDR(&message, part);
}

// A message for the kernel with what it points to. Stays where it was made.
struct Parcel {
  sockaddr_in to4;
  sockaddr_in6 to6;
  iovec piece;
  alignas(
      cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int))> control;

  void pack(const OutgoingPacket& packet, const VrrpEndpoint& endpoint, msghdr& message) {
    piece = {const_cast<std::uint8_t*>(packet.bytes.data()), packet.bytes.size()};
    message = {};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    if (endpoint.is_ipv4()) {
      to4 = to_sockaddr(packet.destination);
      message.msg_name = &to4;
      message.msg_namelen = sizeof to4;
      return;
    }
    to6 = to_sockaddr6(packet.destination, endpoint.link);
    message.msg_name = &to6;
    message.msg_namelen = sizeof to6;
    control = {};
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    in6_pktinfo info{};
    info.ipi6_addr = to_in6_addr(packet.source);
    info.ipi6_ifindex = static_cast<unsigned>(endpoint.link);
    put_control(part, message, IPV6_PKTINFO, info);
    put_control(part, message, IPV6_HOPLIMIT, static_cast<int>(packet.hop_limit));
  }
};

// A multicast advert belongs on this link whatever the routes say; a unicast peer may be far.
int flags_for(const VrrpEndpoint& endpoint) {
  return endpoint.is_ipv4() && endpoint.is_multicast() ? MSG_DONTROUTE : 0;
}

}  // namespace

// Many packets in one call: with many instances they come in crowds.
struct VrrpSocket::Batch {
  static constexpr std::size_t size_max = 32;
  // The longest advert has 255 IPv6 addresses and a trailer.
  static constexpr std::size_t packet_max = 4608;
  static constexpr std::size_t control_max =
      CMSG_SPACE(sizeof(timespec)) + CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int));
  struct Place {
    alignas(cmsghdr) std::array<char, control_max> control;
    std::array<std::uint8_t, packet_max> bytes;
    sockaddr_in6 from;
    iovec piece;
  };
  std::array<Place, size_max> places;
  std::array<mmsghdr, size_max> messages;
  WallTime wall{};  // when it was read
  Instant at{};
};

void VrrpSocket::BatchDeleter::operator()(Batch* batch) const {
  delete batch;
}

VrrpSocket::VrrpSocket(VrrpEndpoint endpoint, runtime::Fd sender, runtime::Fd receiver)
    : endpoint_(std::move(endpoint)),
      sender_(std::move(sender)),
      receiver_(std::move(receiver)),
      watched_(receiver_.get()),
      batch_(new Batch) {}

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

Status VrrpSocket::send(const OutgoingPacket& packet) {
  return send_all({&packet, 1}).next;
}

VrrpSocket::Sent VrrpSocket::send_all(std::span<const OutgoingPacket> packets) {
  BATON_ASSERT(packets.size() <= batch_max);
  std::array<Parcel, batch_max> parcels;
  std::array<mmsghdr, batch_max> messages;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    parcels[i].pack(packets[i], endpoint_, messages[i].msg_hdr);
  }
  const int count = ::sendmmsg(sender_.get(), messages.data(),
                               static_cast<unsigned>(packets.size()), flags_for(endpoint_));
  if (count < 0) return {0, fail_errno(errno, "sending an advert")};
  return {static_cast<std::size_t>(count), {}};
}

// False when nothing waits.
bool VrrpSocket::take_batch() {
  for (std::size_t i = 0; i < Batch::size_max; ++i) {
    Batch::Place& place = batch_->places[i];
    place.piece = {place.bytes.data(), place.bytes.size()};
    msghdr& message = batch_->messages[i].msg_hdr;
    message = {};
    message.msg_name = &place.from;
    message.msg_namelen = sizeof place.from;
    message.msg_iov = &place.piece;
    message.msg_iovlen = 1;
    message.msg_control = place.control.data();
    message.msg_controllen = place.control.size();
  }
  given_ = taken_ = 0;
  for (;;) {
    const int count = ::recvmmsg(watched_, batch_->messages.data(), Batch::size_max, 0, nullptr);
    if (count > 0) {
      taken_ = static_cast<std::size_t>(count);
      batch_->wall = runtime::wall_now();
      batch_->at = runtime::monotonic_now();
      return true;
    }
    // ENETDOWN and the like are told once and then gone.
    if (count == 0 || (errno != EINTR && errno != ENETDOWN)) return false;
  }
}

std::optional<ReceivedPacket> VrrpSocket::receive() {
  if (given_ == taken_) {
    // A batch that was not full has emptied the socket.
    const bool was_last = taken_ > 0 && taken_ < Batch::size_max;
    given_ = taken_ = 0;
    if (was_last || !take_batch()) return std::nullopt;
  }
  const std::size_t index = given_++;
  Batch::Place& place = batch_->places[index];
  mmsghdr& taken = batch_->messages[index];
  ReceivedPacket packet;
  packet.bytes = std::span(place.bytes).first(taken.msg_len);
  if (!endpoint_.is_ipv4()) {
    packet.envelope.emplace();
    packet.envelope->source = to_address(place.from.sin6_addr);
    packet.envelope->destination = endpoint_.receive_address;
  }
  read_control(taken.msg_hdr, packet, batch_->wall);
  packet.arrived = batch_->at - packet.age;
  return packet;
}

}  // namespace baton::linux
