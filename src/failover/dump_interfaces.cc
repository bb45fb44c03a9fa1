// Sockets and interfaces as text.

#include "failover/dump_interfaces.h"

#include <fmt/format.h>

#include <algorithm>

#include "failover/node_view.h"

namespace baton::failover {

namespace {

std::string socket_text(const AdvertPort& port) {
  const linux::VrrpEndpoint& endpoint = port.endpoint();
  std::string text = fmt::format(" fd_in {} fd_out = {}\n", port.socket().receiver_number(),
                                 port.socket().sender_number());
  text += fmt::format("   Interface = {}\n   Family = {}\n   Protocol = {}\n   Type = {}\n",
                      endpoint.interface.empty() ? "(none)" : endpoint.interface,
                      endpoint.is_ipv4() ? "IPv4" : "IPv6",
                      endpoint.protocol == vrrp::ip_protocol ? "VRRP" : "AH",
                      endpoint.is_multicast() ? "Multicast" : "Unicast");
  if (!endpoint.is_multicast()) {
    text += fmt::format("   Address = {}\n", endpoint.receive_address.text());
  }
  return text + "   VRRP instances\n";
}

// Addresses that come and go are not what an interface is known by.
std::vector<net::IpAddress> virtual_addresses(const NodeView& node) {
  std::vector<net::IpAddress> addresses;
  for (const auto& router : node.routers()) {
    for (const auto& held : router->plan().held) addresses.push_back(held.prefix.address);
  }
  std::ranges::sort(addresses);
  return addresses;
}

std::string address_text(const NodeView& node, const linux::Link& link, net::Family family,
                         const std::vector<net::IpAddress>& excluded) {
  const auto found = node.links().first_address(link.index, family, excluded);
  return found ? found->text() : "(none)";
}

std::string state_text(const linux::Link& link) {
  std::string text = link.up ? "UP" : "not UP";
  text += link.running ? ", RUNNING" : ", not RUNNING";
  return text + (link.loopback ? ", no broadcast, loopback, no multicast" : "");
}

std::string delays_text(const NodeView& node, const std::string& interface) {
  const auto& delays = node.config().tracking.delays;
  const auto found = std::ranges::find(delays, interface, &config::InterfaceDelays::interface);
  const bool has = found != delays.end();
  return fmt::format("   Up debounce timer = {}us\n   Down debounce timer = {}us\n",
                     has ? found->up / 1us : 0, has ? found->down / 1us : 0);
}

// For an interface that an instance has made.
std::string vmac_text(const NodeView& node, const linux::Link& link) {
  for (const auto& router : node.routers()) {
    for (const auto& vmac : router->plan().vmac.links) {
      if (vmac.name != link.name) continue;
      const linux::Link* parent = node.links().find(vmac.parent);
      return fmt::format(
          "   VMAC type private, underlying interface = {}, state = {}\n"
          "   I/f created by keepalived\n",
          vmac.parent, parent ? state_text(*parent) : "missing");
    }
  }
  return "";
}

std::string followers_text(const NodeView& node, const linux::Link& link) {
  std::string text;
  for (const auto& router : node.routers()) {
    for (const auto& tracker : router->instance().trackers()) {
      if (tracker.settings.name != "interface " + link.name) continue;
      text += fmt::format("     {}, weight {}\n", router->name(), tracker.settings.weight);
    }
  }
  return text.empty() ? text : "   Tracking VRRP instances :\n" + text;
}

}  // namespace

std::string dump_sockets(const NodeView& node) {
  std::vector<const AdvertPort*> ports;
  for (const auto& router : node.routers()) {
    const bool is_new = router->port() && std::ranges::find(ports, router->port()) == ports.end();
    if (is_new) ports.push_back(router->port());
  }
  if (ports.empty()) return "";
  std::string text = "------< VRRP Sockpool >------\n";
  for (const AdvertPort* port : ports) {
    text += socket_text(*port);
    for (const auto& router : node.routers()) {
      if (router->port() != port) continue;
      text += fmt::format("     {} vrid {}\n", router->name(),
                          router->plan().settings.virtual_router_id);
    }
  }
  return text;
}

std::string dump_interfaces(const NodeView& node) {
  std::string text = "------< Interfaces >------\n";
  const auto excluded = virtual_addresses(node);
  for (const linux::Link& link : node.links().all()) {
    text +=
        fmt::format(" Name = {}\n   index = {}\n   IPv4 address = {}\n   IPv6 address = {}\n",
                    link.name, link.index, address_text(node, link, net::Family::ipv4, excluded),
                    address_text(node, link, net::Family::ipv6, excluded));
    if (!link.loopback) text += fmt::format("   MAC = {}\n", link.mac.text());
    text += fmt::format("   State = {}\n", state_text(link));
    text += delays_text(node, link.name);
    text += vmac_text(node, link);
    text += fmt::format("   MTU = {}\n", link.mtu);
    if (link.loopback) text += "   HW Type = LOOPBACK\n";
    text += followers_text(node, link);
  }
  return text;
}

}  // namespace baton::failover
