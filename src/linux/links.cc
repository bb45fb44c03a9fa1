// rtnetlink framed by libmnl.

#include "linux/links.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace baton::linux {

namespace {

// A dump comes in pieces of at most 32 KiB.
constexpr std::size_t receive_buffer_size = 65536;
constexpr int monitor_buffer_size = 1024 * 1024;

Result<runtime::Fd> open_socket(std::uint32_t groups) {
  runtime::Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!fd) return fail_errno(errno, "netlink socket");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(errno, "bind of a netlink socket");
  }
  return fd;
}

int save_attribute(const nlattr* attribute, void* into) {
  auto& table = *static_cast<std::array<const nlattr*, 64>*>(into);
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type < table.size()) table[type] = attribute;
  return MNL_CB_OK;
}

std::optional<net::IpAddress> read_address(const nlattr* attribute) {
  if (!attribute) return std::nullopt;
  const auto* bytes = static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute));
  switch (mnl_attr_get_payload_len(attribute)) {
    case 4:
      return net::IpAddress::ipv4(std::span<const std::uint8_t, 4>(bytes, 4));
    case 16:
      return net::IpAddress::ipv6(std::span<const std::uint8_t, 16>(bytes, 16));
    default:
      return std::nullopt;
  }
}

std::optional<Link> read_link(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(ifinfomsg)) return std::nullopt;
  const auto* info = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  std::array<const nlattr*, 64> attributes{};
  mnl_attr_parse(message, sizeof *info, save_attribute, &attributes);
  if (!attributes[IFLA_IFNAME]) return std::nullopt;
  Link link;
  link.index = info->ifi_index;
  link.name = mnl_attr_get_str(attributes[IFLA_IFNAME]);
  link.up = info->ifi_flags & IFF_UP;
  link.running = info->ifi_flags & IFF_RUNNING;
  link.loopback = info->ifi_flags & IFF_LOOPBACK;
  const nlattr* mac = attributes[IFLA_ADDRESS];
  if (mac && mnl_attr_get_payload_len(mac) == link.mac.bytes.size()) {
    std::memcpy(link.mac.bytes.data(), mnl_attr_get_payload(mac), link.mac.bytes.size());
  }
  const nlattr* mtu = attributes[IFLA_MTU];
  if (mtu && mnl_attr_get_payload_len(mtu) == sizeof link.mtu) {
    std::memcpy(&link.mtu, mnl_attr_get_payload(mtu), sizeof link.mtu);
  }
  return link;
}

std::optional<InterfaceAddress> read_interface_address(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(ifaddrmsg)) return std::nullopt;
  const auto* info = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
  std::array<const nlattr*, 64> attributes{};
  mnl_attr_parse(message, sizeof *info, save_attribute, &attributes);
  // IFA_ADDRESS is the other end of a point-to-point link, IFA_LOCAL the own one.
  const nlattr* own = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
  const auto address = read_address(own);
  if (!address) return std::nullopt;
  InterfaceAddress found;
  found.link = static_cast<int>(info->ifa_index);
  found.prefix = {*address, info->ifa_prefixlen};
  found.scope = info->ifa_scope;
  std::uint32_t flags = info->ifa_flags;
  if (attributes[IFA_FLAGS]) flags = mnl_attr_get_u32(attributes[IFA_FLAGS]);
  found.permanent = flags & IFA_F_PERMANENT;
  found.tentative = flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED);
  return found;
}

void put_address_attribute(nlmsghdr* message, std::uint16_t type, const net::IpAddress& address) {
  mnl_attr_put(message, type, address.bytes().size(), address.bytes().data());
}

// `peer`: the other end of a point-to-point link, else the address itself.
nlmsghdr* start_address_message(char* buffer, std::uint16_t type, std::uint16_t flags, int link,
                                const net::Prefix& prefix, std::uint8_t scope,
                                const net::IpAddress& peer) {
  nlmsghdr* message = mnl_nlmsg_put_header(buffer);
  message->nlmsg_type = type;
  message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  auto* info = static_cast<ifaddrmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifaddrmsg)));
  info->ifa_family = prefix.address.is_ipv4() ? AF_INET : AF_INET6;
  info->ifa_prefixlen = prefix.length;
  info->ifa_scope = scope;
  info->ifa_index = static_cast<unsigned>(link);
  put_address_attribute(message, IFA_LOCAL, prefix.address);
  put_address_attribute(message, IFA_ADDRESS, peer);
  return message;
}

std::uint32_t flags_of(const AddressChange& change) {
  const net::AddressTraits& traits = change.traits;
  std::uint32_t flags = 0;
  if (traits.without_prefix_route) flags |= IFA_F_NOPREFIXROUTE;
  if (traits.join_multicast) flags |= IFA_F_MCAUTOJOIN;
  if (change.prefix.address.is_ipv4()) return flags;
  // Nobody else may have it: waiting for duplicate address detection would only be an outage.
  if (!traits.detect_duplicates) flags |= IFA_F_NODAD;
  if (traits.home) flags |= IFA_F_HOMEADDRESS;
  if (traits.manage_temporary) flags |= IFA_F_MANAGETEMPADDR;
  return flags;
}

void put_lifetime(nlmsghdr* message, const AddressChange& change) {
  if (!change.lifetime && !change.traits.deprecated) return;
  ifa_cacheinfo times{};
  times.ifa_valid = 0xffffffff;  // for ever
  if (change.lifetime) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*change.lifetime).count();
    times.ifa_valid = static_cast<std::uint32_t>(seconds);
  }
  times.ifa_prefered = change.traits.deprecated ? 0 : times.ifa_valid;
  mnl_attr_put(message, IFA_CACHEINFO, sizeof times, &times);
}

constexpr std::size_t address_message_max = 512;
// So many errors fit the socket's queue at once.
constexpr std::size_t addresses_per_batch = 64;

nlmsghdr* write_address(char* buffer, const AddressChange& change) {
  nlmsghdr* message = start_address_message(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE,
                                            change.link, change.prefix, change.scope,
                                            change.traits.peer.value_or(change.prefix.address));
  if (change.broadcast) put_address_attribute(message, IFA_BROADCAST, *change.broadcast);
  if (!change.label.empty()) {
    mnl_attr_put_strz(message, IFA_LABEL, change.label.substr(0, IFNAMSIZ - 1).c_str());
  }
  put_lifetime(message, change);
  if (const std::uint32_t flags = flags_of(change); flags != 0) {
    mnl_attr_put_u32(message, IFA_FLAGS, flags);
  }
  return message;
}

std::optional<NetworkChange> read_change(const nlmsghdr* message) {
  NetworkChange change;
  switch (message->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: {
      const auto link = read_link(message);
      if (!link) return std::nullopt;
      change.kind = message->nlmsg_type == RTM_NEWLINK ? NetworkChange::Kind::link
                                                       : NetworkChange::Kind::link_gone;
      change.link_state = *link;
      return change;
    }
    case RTM_NEWADDR:
    case RTM_DELADDR: {
      const auto address = read_interface_address(message);
      if (!address) return std::nullopt;
      change.kind = message->nlmsg_type == RTM_NEWADDR ? NetworkChange::Kind::address
                                                       : NetworkChange::Kind::address_removed;
      change.address = *address;
      return change;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

Status promote_secondaries(const std::string& interface) {
  const std::string path = fmt::format("/proc/sys/net/ipv4/conf/{}/promote_secondaries", interface);
  const runtime::Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), "1", 1) != 1) return fail_errno(errno, "promote_secondaries");
  return {};
}

Result<Netlink> Netlink::open() {
  auto fd = open_socket(0);
  if (!fd) return std::unexpected(fd.error());
  // Dumps then hold exactly what was asked for.
  const int on = 1;
  ::setsockopt(fd->get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  return Netlink(std::move(*fd));
}

namespace {

// Reads what the kernel answers and shows each part to `visit`, which gives the outcome once it has
// seen the last one.
template <typename Visit>
Status read_answers(int fd, std::vector<char>& buffer, const Visit& visit) {
  buffer.resize(receive_buffer_size);
  for (;;) {
    const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (size < 0) {
      if (errno == EINTR) continue;
      return fail_errno(errno, "netlink receive");
    }
    int left = static_cast<int>(size);
    const auto* part = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; mnl_nlmsg_ok(part, left); part = mnl_nlmsg_next(part, &left)) {
      if (const std::optional<Status> outcome = visit(part)) return *outcome;
    }
  }
}

}  // namespace

// Sends `message` and reads until its acknowledgement or the end of its dump.
Status Netlink::request(nlmsghdr* message, const std::function<void(const nlmsghdr*)>& visit) {
  message->nlmsg_seq = ++sequence_;
  if (::send(fd_.get(), message, message->nlmsg_len, 0) < 0) {
    return fail_errno(errno, "netlink send");
  }
  return read_answers(fd_.get(), received_, [&](const nlmsghdr* part) -> std::optional<Status> {
    if (part->nlmsg_seq != sequence_) return {};  // of an earlier request that failed midway
    if (part->nlmsg_type == NLMSG_DONE) return Status{};
    if (part->nlmsg_type == NLMSG_ERROR) {
      const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(part));
      if (error->error == 0) return Status{};
      return Status(fail_errno(-error->error, "netlink request"));
    }
    visit(part);
    return {};
  });
}

Result<std::vector<Link>> Netlink::links() {
  alignas(nlmsghdr) char buffer[256];
  nlmsghdr* message = mnl_nlmsg_put_header(buffer);
  message->nlmsg_type = RTM_GETLINK;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg));
  std::vector<Link> links;
  const auto status = request(message, [&](const nlmsghdr* part) {
    if (part->nlmsg_type != RTM_NEWLINK) return;
    if (auto link = read_link(part)) links.push_back(std::move(*link));
  });
  if (!status) return std::unexpected(status.error());
  return links;
}

Result<std::vector<InterfaceAddress>> Netlink::addresses() {
  alignas(nlmsghdr) char buffer[256];
  nlmsghdr* message = mnl_nlmsg_put_header(buffer);
  message->nlmsg_type = RTM_GETADDR;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  mnl_nlmsg_put_extra_header(message, sizeof(ifaddrmsg));
  std::vector<InterfaceAddress> addresses;
  const auto status = request(message, [&](const nlmsghdr* part) {
    if (part->nlmsg_type != RTM_NEWADDR) return;
    if (auto address = read_interface_address(part)) addresses.push_back(*address);
  });
  if (!status) return std::unexpected(status.error());
  return addresses;
}

Result<std::uint64_t> Netlink::frames_received(int link) {
  alignas(nlmsghdr) char buffer[256];
  nlmsghdr* message = mnl_nlmsg_put_header(buffer);
  message->nlmsg_type = RTM_GETSTATS;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  auto* wanted =
      static_cast<if_stats_msg*>(mnl_nlmsg_put_extra_header(message, sizeof(if_stats_msg)));
  wanted->ifindex = static_cast<std::uint32_t>(link);
  wanted->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
  std::optional<std::uint64_t> received;
  const auto status = request(message, [&](const nlmsghdr* part) {
    std::array<const nlattr*, 64> attributes{};
    if (mnl_nlmsg_get_payload_len(part) < sizeof(if_stats_msg)) return;
    mnl_attr_parse(part, sizeof(if_stats_msg), save_attribute, &attributes);
    const nlattr* counters = attributes[IFLA_STATS_LINK_64];
    if (!counters || mnl_attr_get_payload_len(counters) < sizeof(std::uint64_t)) return;
    // rx_packets is the first of them; the kernel does not align it.
    std::uint64_t value = 0;
    std::memcpy(&value, mnl_attr_get_payload(counters), sizeof value);
    received = value;
  });
  if (!status) return std::unexpected(status.error());
  if (!received) return fail(ErrorKind::unavailable, "counters of a link");
  return *received;
}

Status Netlink::put_address(const AddressChange& change) {
  alignas(nlmsghdr) char buffer[address_message_max];
  return request(write_address(buffer, change), [](const nlmsghdr*) {});
}

std::vector<int> Netlink::put_addresses(std::span<const AddressChange> changes) {
  std::vector<int> errors(changes.size(), 0);
  for (std::size_t at = 0; at < changes.size(); at += addresses_per_batch) {
    const std::size_t count = std::min(addresses_per_batch, changes.size() - at);
    const auto piece = std::span(errors).subspan(at, count);
    if (const auto done = put_batch(changes.subspan(at, count), piece); !done) {
      std::ranges::fill(piece, done.error().errno_value);
    }
  }
  return errors;
}

// Only the last one is acknowledged; the others answer when they fail.
Status Netlink::put_batch(std::span<const AddressChange> changes, std::span<int> errors) {
  std::vector<char> batch(address_message_max * changes.size());
  const std::uint32_t first = sequence_ + 1;
  std::size_t used = 0;
  for (const auto& change : changes) {
    nlmsghdr* message = write_address(batch.data() + used, change);
    message->nlmsg_seq = ++sequence_;
    if (sequence_ - first + 1 < changes.size()) {
      message->nlmsg_flags = static_cast<std::uint16_t>(message->nlmsg_flags & ~NLM_F_ACK);
    }
    used += MNL_ALIGN(message->nlmsg_len);
  }
  if (::send(fd_.get(), batch.data(), used, 0) < 0) return fail_errno(errno, "netlink send");
  return read_answers(fd_.get(), received_, [&](const nlmsghdr* part) -> std::optional<Status> {
    const std::uint32_t index = part->nlmsg_seq - first;
    if (index >= errors.size() || part->nlmsg_type != NLMSG_ERROR) return {};
    const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(part));
    errors[index] = -error->error;
    if (index + 1 < errors.size()) return {};
    return Status{};
  });
}

Status Netlink::remove_address(int link, const net::Prefix& prefix,
                               const std::optional<net::IpAddress>& peer) {
  alignas(nlmsghdr) char buffer[256];
  nlmsghdr* message =
      start_address_message(buffer, RTM_DELADDR, 0, link, prefix, 0, peer.value_or(prefix.address));
  const auto status = request(message, [](const nlmsghdr*) {});
  const bool was_gone = !status && (status.error().errno_value == EADDRNOTAVAIL ||
                                    status.error().errno_value == ENODEV);
  if (was_gone) return {};
  return status;
}

Result<NetworkMonitor> NetworkMonitor::open() {
  auto fd = open_socket(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
  if (!fd) return std::unexpected(fd.error());
  // The forced size needs NET_ADMIN; without it the ordinary limit has to do.
  if (::setsockopt(fd->get(), SOL_SOCKET, SO_RCVBUFFORCE, &monitor_buffer_size,
                   sizeof monitor_buffer_size) != 0) {
    ::setsockopt(fd->get(), SOL_SOCKET, SO_RCVBUF, &monitor_buffer_size,
                 sizeof monitor_buffer_size);
  }
  return NetworkMonitor(std::move(*fd));
}

void NetworkMonitor::read(const std::function<void(const NetworkChange&)>& visit) {
  std::vector<char> buffer(receive_buffer_size);
  for (;;) {
    const ssize_t size = ::recv(watched_, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) {
      visit(NetworkChange{});
      continue;
    }
    if (size <= 0) return;
    int left = static_cast<int>(size);
    const auto* part = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; mnl_nlmsg_ok(part, left); part = mnl_nlmsg_next(part, &left)) {
      if (const auto change = read_change(part)) visit(*change);
    }
  }
}

}  // namespace baton::linux
