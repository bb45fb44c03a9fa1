// RTM_NEWROUTE, RTM_NEWRULE and their opposites, framed by libmnl.

#include "linux/routes.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace baton::linux {

namespace {

constexpr std::size_t message_buffer_size = 8192;
constexpr int monitor_buffer_size = 1024 * 1024;

unsigned char family_number(net::Family family) {
  return family == net::Family::ipv4 ? AF_INET : AF_INET6;
}

void put_address(nlmsghdr* message, std::uint16_t type, const net::IpAddress& address) {
  mnl_attr_put(message, type, address.bytes().size(), address.bytes().data());
}

// A gateway of the other family than the route's goes by another attribute.
void put_gateway(nlmsghdr* message, net::Family family, const net::IpAddress& gateway) {
  if (gateway.family() == family) {
    put_address(message, RTA_GATEWAY, gateway);
    return;
  }
  struct {
    std::uint16_t family;
    std::array<std::uint8_t, 16> bytes;
  } via{};
  via.family = family_number(gateway.family());
  std::ranges::copy(gateway.bytes(), via.bytes.begin());
  mnl_attr_put(message, RTA_VIA, sizeof via.family + gateway.bytes().size(), &via);
}

void put_metrics(nlmsghdr* message, const config::Route& route) {
  if (route.metrics.empty() && route.congestion_control.empty()) return;
  nlattr* nest = mnl_attr_nest_start(message, RTA_METRICS);
  for (const auto& [number, value] : route.metrics) mnl_attr_put_u32(message, number, value);
  if (!route.congestion_control.empty()) {
    mnl_attr_put_strz(message, RTAX_CC_ALGO, route.congestion_control.c_str());
  }
  mnl_attr_nest_end(message, nest);
}

// One next hop of several: an rtnexthop with attributes behind it.
Status put_hop(nlmsghdr* message, net::Family family, const config::RouteHop& hop,
               const DeviceIndex& index_of) {
  const int index = hop.device.empty() ? 0 : index_of(hop.device);
  if (!hop.device.empty() && index == 0) return fail_errno(ENODEV, "next hop");
  auto* next = static_cast<rtnexthop*>(mnl_nlmsg_get_payload_tail(message));
  const std::uint32_t start = message->nlmsg_len;
  *next = {};
  message->nlmsg_len += NLMSG_ALIGN(sizeof *next);
  next->rtnh_hops = static_cast<unsigned char>(hop.weight - 1);
  next->rtnh_ifindex = index;
  if (hop.onlink) next->rtnh_flags |= RTNH_F_ONLINK;
  if (hop.gateway) put_gateway(message, family, *hop.gateway);
  if (hop.realms) mnl_attr_put_u32(message, RTA_FLOW, *hop.realms);
  next->rtnh_len = static_cast<unsigned short>(message->nlmsg_len - start);
  return {};
}

Status put_hops(nlmsghdr* message, rtmsg* info, const config::Route& route,
                const DeviceIndex& index_of) {
  if (route.multipath) {
    nlattr* nest = mnl_attr_nest_start(message, RTA_MULTIPATH);
    for (const auto& hop : route.hops) {
      if (const Status done = put_hop(message, route.family, hop, index_of); !done) return done;
    }
    mnl_attr_nest_end(message, nest);
    return {};
  }
  if (route.hops.empty()) return {};
  const config::RouteHop& hop = route.hops.front();
  if (hop.gateway) put_gateway(message, route.family, *hop.gateway);
  if (hop.onlink) info->rtm_flags |= RTNH_F_ONLINK;
  if (hop.device.empty()) return {};
  const int index = index_of(hop.device);
  if (index == 0) return fail_errno(ENODEV, "route");
  mnl_attr_put_u32(message, RTA_OIF, static_cast<std::uint32_t>(index));
  return {};
}

Status write_route(nlmsghdr* message, const config::Route& route, const DeviceIndex& index_of) {
  auto* info = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(rtmsg)));
  info->rtm_family = family_number(route.family);
  info->rtm_dst_len = route.destination.length;
  info->rtm_tos = route.tos;
  info->rtm_table = route.table < 256 ? static_cast<unsigned char>(route.table)
                                      : static_cast<unsigned char>(RT_TABLE_UNSPEC);
  info->rtm_protocol = route.protocol;
  info->rtm_scope = route.scope.value_or(RT_SCOPE_UNIVERSE);
  info->rtm_type = route.type;
  mnl_attr_put_u32(message, RTA_TABLE, route.table);
  if (route.destination.length > 0) put_address(message, RTA_DST, route.destination.address);
  if (route.source) {
    info->rtm_src_len = route.source->length;
    put_address(message, RTA_SRC, route.source->address);
  }
  if (route.preferred_source) put_address(message, RTA_PREFSRC, *route.preferred_source);
  if (route.priority) mnl_attr_put_u32(message, RTA_PRIORITY, *route.priority);
  if (route.realms) mnl_attr_put_u32(message, RTA_FLOW, *route.realms);
  if (route.preference) mnl_attr_put_u8(message, RTA_PREF, *route.preference);
  if (route.expires_s) mnl_attr_put_u32(message, RTA_EXPIRES, *route.expires_s);
  put_metrics(message, route);
  return put_hops(message, info, route, index_of);
}

void put_range(nlmsghdr* message, std::uint16_t type,
               const std::optional<std::pair<std::uint16_t, std::uint16_t>>& ports) {
  if (!ports) return;
  const fib_rule_port_range range{ports->first, ports->second};
  mnl_attr_put(message, type, sizeof range, &range);
}

void write_rule(nlmsghdr* message, const config::RoutingRule& rule) {
  auto* header =
      static_cast<fib_rule_hdr*>(mnl_nlmsg_put_extra_header(message, sizeof(fib_rule_hdr)));
  header->family = family_number(rule.family);
  header->action = rule.action;
  header->tos = rule.tos;
  if (rule.inverted) header->flags |= FIB_RULE_INVERT;
  if (rule.table < 256) header->table = static_cast<std::uint8_t>(rule.table);
  if (rule.table >= 256) mnl_attr_put_u32(message, FRA_TABLE, rule.table);
  mnl_attr_put_u32(message, FRA_PRIORITY, rule.priority);
  if (rule.from) {
    header->src_len = rule.from->length;
    put_address(message, FRA_SRC, rule.from->address);
  }
  if (rule.to) {
    header->dst_len = rule.to->length;
    put_address(message, FRA_DST, rule.to->address);
  }
  const auto put_number = [&](std::uint16_t type, const std::optional<std::uint32_t>& value) {
    if (value) mnl_attr_put_u32(message, type, *value);
  };
  put_number(FRA_FWMARK, rule.mark);
  put_number(FRA_FWMASK, rule.mark_mask);
  put_number(FRA_GOTO, rule.target);
  put_number(FRA_FLOW, rule.realms);
  put_number(FRA_SUPPRESS_PREFIXLEN, rule.suppress_prefix_length);
  put_number(FRA_SUPPRESS_IFGROUP, rule.suppress_group);
  if (!rule.in_device.empty()) mnl_attr_put_strz(message, FRA_IIFNAME, rule.in_device.c_str());
  if (!rule.out_device.empty()) mnl_attr_put_strz(message, FRA_OIFNAME, rule.out_device.c_str());
  if (rule.ip_protocol) mnl_attr_put_u8(message, FRA_IP_PROTO, *rule.ip_protocol);
  put_range(message, FRA_SPORT_RANGE, rule.source_ports);
  put_range(message, FRA_DPORT_RANGE, rule.destination_ports);
  if (rule.users) {
    const fib_rule_uid_range range{rule.users->first, rule.users->second};
    mnl_attr_put(message, FRA_UID_RANGE, sizeof range, &range);
  }
  if (rule.l3mdev) mnl_attr_put_u8(message, FRA_L3MDEV, 1);
  if (rule.protocol != 0) mnl_attr_put_u8(message, FRA_PROTOCOL, rule.protocol);
}

nlmsghdr* start_message(std::vector<char>& buffer, std::uint16_t type, std::uint16_t flags) {
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = type;
  message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  return message;
}

Result<bool> added(const Status& status) {
  if (status) return true;
  if (status.error().errno_value == EEXIST) return false;
  return std::unexpected(status.error());
}

Status unless(const Status& status, std::initializer_list<int> harmless) {
  if (!status && std::ranges::find(harmless, status.error().errno_value) != harmless.end()) {
    return {};
  }
  return status;
}

int save_attribute(const nlattr* attribute, void* into) {
  auto& table = *static_cast<std::array<const nlattr*, 32>*>(into);
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type < table.size()) table[type] = attribute;
  return MNL_CB_OK;
}

std::uint32_t number_of(const nlattr* attribute, std::uint32_t otherwise) {
  const bool fits = attribute && mnl_attr_get_payload_len(attribute) == sizeof(std::uint32_t);
  return fits ? mnl_attr_get_u32(attribute) : otherwise;
}

std::optional<RouteLoss> read_route_loss(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(rtmsg)) return std::nullopt;
  const auto* info = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  if (info->rtm_family != AF_INET && info->rtm_family != AF_INET6) return std::nullopt;
  std::array<const nlattr*, 32> attributes{};
  mnl_attr_parse(message, sizeof *info, save_attribute, &attributes);
  RouteLoss loss;
  loss.family = info->rtm_family == AF_INET ? net::Family::ipv4 : net::Family::ipv6;
  loss.table = number_of(attributes[RTA_TABLE], info->rtm_table);
  loss.destination = {net::IpAddress::any(loss.family), info->rtm_dst_len};
  if (const nlattr* to = attributes[RTA_DST]) {
    const auto* bytes = static_cast<const std::uint8_t*>(mnl_attr_get_payload(to));
    const std::size_t size = loss.family == net::Family::ipv4 ? 4 : 16;
    if (mnl_attr_get_payload_len(to) != size) return std::nullopt;
    loss.destination.address =
        size == 4 ? net::IpAddress::ipv4(std::span<const std::uint8_t, 4>(bytes, 4))
                  : net::IpAddress::ipv6(std::span<const std::uint8_t, 16>(bytes, 16));
  }
  return loss;
}

std::optional<RouteLoss> read_rule_loss(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(fib_rule_hdr)) return std::nullopt;
  const auto* header = static_cast<const fib_rule_hdr*>(mnl_nlmsg_get_payload(message));
  std::array<const nlattr*, 32> attributes{};
  mnl_attr_parse(message, sizeof *header, save_attribute, &attributes);
  RouteLoss loss;
  loss.is_rule = true;
  loss.family = header->family == AF_INET6 ? net::Family::ipv6 : net::Family::ipv4;
  loss.priority = number_of(attributes[FRA_PRIORITY], 0);
  return loss;
}

std::optional<RouteLoss> read_loss(const nlmsghdr* message) {
  const bool replaces = message->nlmsg_flags & NLM_F_REPLACE;
  switch (message->nlmsg_type) {
    case RTM_DELROUTE:
      return read_route_loss(message);
    case RTM_NEWROUTE:
      return replaces ? read_route_loss(message) : std::nullopt;
    case RTM_DELRULE:
      return read_rule_loss(message);
    default:
      return std::nullopt;
  }
}

}  // namespace

// Without NLM_F_EXCL a route goes before those that it equals in destination and metric; the very
// same one is not added twice.
Result<bool> put_route(Netlink& netlink, const config::Route& route, const DeviceIndex& index_of) {
  std::vector<char> buffer(message_buffer_size);
  nlmsghdr* message =
      start_message(buffer, RTM_NEWROUTE,
                    static_cast<std::uint16_t>(NLM_F_CREATE | (route.append ? NLM_F_APPEND : 0)));
  if (const Status written = write_route(message, route, index_of); !written) {
    return std::unexpected(written.error());
  }
  return added(netlink.ask(message));
}

Status remove_route(Netlink& netlink, const config::Route& route, const DeviceIndex& index_of) {
  std::vector<char> buffer(message_buffer_size);
  nlmsghdr* message = start_message(buffer, RTM_DELROUTE, 0);
  const Status written = write_route(message, route, index_of);
  // With its device the route went, too.
  if (!written) return {};
  return unless(netlink.ask(message), {ESRCH, ENODEV, ENETUNREACH});
}

Result<bool> put_rule(Netlink& netlink, const config::RoutingRule& rule) {
  std::vector<char> buffer(message_buffer_size);
  nlmsghdr* message = start_message(buffer, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
  write_rule(message, rule);
  return added(netlink.ask(message));
}

Status remove_rule(Netlink& netlink, const config::RoutingRule& rule) {
  std::vector<char> buffer(message_buffer_size);
  nlmsghdr* message = start_message(buffer, RTM_DELRULE, 0);
  write_rule(message, rule);
  return unless(netlink.ask(message), {ENOENT, ESRCH});
}

bool concerns(const RouteLoss& loss, const config::Route& route) {
  if (loss.overrun) return true;
  if (loss.is_rule || loss.family != route.family || loss.table != route.table) return false;
  // The kernel tells the network, whatever bits were written behind its prefix.
  const net::Prefix& wanted = route.destination;
  return loss.destination.length == wanted.length && loss.destination.contains(wanted.address);
}

bool concerns(const RouteLoss& loss, const config::RoutingRule& rule) {
  if (loss.overrun) return true;
  return loss.is_rule && loss.family == rule.family && loss.priority == rule.priority;
}

Result<RouteMonitor> RouteMonitor::open() {
  runtime::Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!fd) return fail_errno(errno, "netlink socket");
  static_cast<void>(::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &monitor_buffer_size,
                                 sizeof monitor_buffer_size));
  constexpr auto bit = [](int group) { return 1u << (group - 1); };
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = bit(RTNLGRP_IPV4_ROUTE) | bit(RTNLGRP_IPV6_ROUTE) | bit(RTNLGRP_IPV4_RULE) |
                      bit(RTNLGRP_IPV6_RULE);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(errno, "bind of a netlink socket");
  }
  return RouteMonitor(std::move(fd));
}

bool RouteMonitor::read(const std::function<void(const RouteLoss&)>& visit, int most) {
  std::vector<char> buffer(65536);
  for (int count = 0; count < most; ++count) {
    const ssize_t size = ::recv(watched_, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) {
      RouteLoss lost;
      lost.overrun = true;
      visit(lost);
      continue;
    }
    if (size <= 0) return true;
    int left = static_cast<int>(size);
    const auto* part = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; mnl_nlmsg_ok(part, left); part = mnl_nlmsg_next(part, &left)) {
      if (const auto loss = read_loss(part)) visit(*loss);
    }
  }
  return false;
}

}  // namespace baton::linux
