// What is there as long as the process runs: static_ipaddress, static_routes, static_rules; and
// word to the instances of a track_group when some of it is missing.

#include <algorithm>

#include "failover/leftovers.h"
#include "failover/node.h"

namespace baton::failover {

// An address that is there for good already belongs to somebody else and is only watched.
void Node::hold_statics() {
  std::vector<HeldAddress> addresses;
  for (const auto& one : config_->statics.addresses) {
    HeldAddress held = to_held(one.address, one.address.device);
    const linux::Link* link = links_.find(held.device);
    const auto* found = link ? links_.find_address(link->index, held.prefix.address) : nullptr;
    if (!found || !found->permanent) addresses.push_back(std::move(held));
  }
  const bool any = !addresses.empty();
  guard_.hold(static_holder, std::move(addresses));
  // Seen at once: a track group is judged before the kernel's notice has been read.
  if (any) static_cast<void>(links_.refresh(netlink_));
  routes_.hold(static_holder, {config_->statics.routes, config_->statics.rules});
  watch_routes();
}

// Adverts of IPv6 leave a VMAC interface with the real one's address of the link, which must be on
// it, too, for the kernel to let them go.
void Node::hold_vmac_sources() {
  for (const auto& router : routers_) {
    const config::VirtualMac& vmac = router->plan().vmac;
    if (router->plan().transmit_interface.empty()) continue;
    const config::VmacLink& link = vmac.links.front();
    if (link.family != net::Family::ipv6) continue;
    const auto source = links_.own_address(link.parent, link.family, virtual_addresses());
    if (!source) continue;
    HeldAddress held;
    held.prefix = {*source, 64};
    held.device = link.name;
    held.scope = 253;  // RT_SCOPE_LINK
    held.traits.deprecated = true;
    guard_.hold("interface " + link.name, {held});
  }
}

// Only when there is something to be put back: on a router the kernel may have much to tell.
void Node::watch_routes() {
  if (route_watch_ || !all_routes(*config_).tracked()) return;
  auto monitor = linux::RouteMonitor::open();
  if (!monitor) {
    log_.print(LogLevel::error, "routes cannot be watched: {}", baton::describe(monitor.error()));
    return;
  }
  route_monitor_ = std::make_unique<linux::RouteMonitor>(std::move(*monitor));
  route_watch_ = std::make_unique<ReadWatch>(loop_, route_monitor_->release(), [this] {
    constexpr int most_at_once = 64;
    const Instant now = loop_.refresh_now();
    const bool drained = route_monitor_->read(
        [&](const linux::RouteLoss& loss) { routes_.on_loss(loss, now); }, most_at_once);
    review_statics();
    return drained;
  });
}

std::string Node::missing_of_group(const std::string& group) const {
  for (const auto& one : config_->statics.addresses) {
    if (one.track_group != group) continue;
    if (!guard_.is_present(to_held(one.address, one.address.device))) {
      return one.address.prefix.text() + " is missing";
    }
  }
  for (const auto& item : routes_.held_by(static_holder)) {
    if (track_group_of(item.thing) == group && !item.present) {
      return describe(item.thing) + " is missing";
    }
  }
  return "";
}

// Tells the instances of each track group; nothing happens when all is as before.
void Node::review_statics() {
  for (std::uint32_t i = 0; i < config_->statics.groups.size(); ++i) {
    const std::string missing = missing_of_group(config_->statics.groups[i].name);
    const auto health = missing.empty() ? vrrp::Health::up : vrrp::Health::down;
    tell_all([&](Router& router) {
      router.report_watched(Watched::Kind::static_group, i, health, missing);
    });
  }
}

}  // namespace baton::failover
