// What the node brings to its routers beside VRRP: reports of the second heartbeat path, and
// whether their links receive.

#include <algorithm>

#include "failover/node.h"

namespace baton::failover {

namespace {

constexpr Duration dispute_memory = 10s;

net::Family family_of(const Router& router) {
  const auto& addresses = router.plan().settings.addresses;
  return addresses.empty() ? net::Family::ipv4 : addresses.front().family();
}

}  // namespace

// A virtual router is known by its number and family; where the file has that on several
// interfaces, by its name, too.
Router* Node::router_of(const vrrp::PeerReport& report) const {
  Router* found = nullptr;
  for (const auto& router : routers_) {
    if (router->plan().settings.virtual_router_id != report.virtual_router_id) continue;
    if (family_of(*router) != report.family) continue;
    if (!router->plan().settings.takeover.second_path) continue;
    if (!found || router->name() == report.name) found = router.get();
  }
  return found;
}

void Node::take_report(const vrrp::PeerReport& report, const net::IpAddress& source) {
  Router* found = router_of(report);
  if (!found) return;
  found->report_peer(report);
  Instant& next = next_comparison_[found->name()];
  if (loop_.now() < next) return;
  next = loop_.now() + 1s;
  compare_report(*found, report);
  // While others send reports in its name that are wrong, the complaint stays.
  for (const Mismatch* known : mismatches_.of(found->name())) {
    if (known->keyword != "pair_key" || known->from != source.text()) continue;
    if (loop_.now() - known->last < dispute_memory) continue;
    mismatches_.resolve(found->name(), "pair_key", source.text());
    return;
  }
}

void Node::take_disputed(const vrrp::PeerReport& disputed, const net::IpAddress& source,
                         vrrp::HeartbeatDrop drop) {
  const Router* router = router_of(disputed);
  if (!router) return;
  Instant& next = next_dispute_[router->name()];
  if (loop_.now() < next) return;
  next = loop_.now() + 1s;
  if (drop == vrrp::HeartbeatDrop::unsigned_) {
    note_mismatch(*router, "pair_key", source.text(),
                  "its reports on the second path are not signed: they are not believed");
  } else if (drop == vrrp::HeartbeatDrop::keyless) {
    note_mismatch(*router, "pair_key", source.text(),
                  "its reports on the second path are signed and this node has no key: they are "
                  "not believed");
  } else if (drop == vrrp::HeartbeatDrop::code) {
    note_mismatch(*router, "pair_key", source.text(),
                  "its reports on the second path are signed with another key, or forged: they "
                  "are not believed");
  }
}

// Counters are read only for who needs to know: an instance that waits for its link to receive, or
// one that must be able to say that it is cut off.
void Node::sample_links(Instant now) {
  if (!started_ || now < next_sample_) return;
  next_sample_ = now + sample_interval;
  std::map<std::string, bool> received;
  for (const auto& router : routers_) {
    const auto& rules = router->plan().settings.takeover;
    if (!rules.second_path && rules.link_wait == 0s) continue;
    const std::string& interface = router->plan().identity.interface;
    const linux::Link* link = links_.find(interface);
    if (!link || received.contains(interface)) continue;
    const auto frames = netlink_.frames_received(link->index);
    if (!frames) continue;
    const auto [entry, is_new] = link_samples_.try_emplace(interface);
    LinkSample& sample = entry->second;
    // At the start everything since the link was made counts; when its carrier comes back,
    // everything from then on.
    const bool came_back = !is_new && link->usable() && !sample.usable;
    received[interface] = link->usable() && !came_back && *frames != sample.frames;
    sample = {link->usable(), *frames};
  }
  for (const auto& router : routers_) {
    const auto found = received.find(router->plan().identity.interface);
    if (found != received.end() && found->second) router->report_link_receives();
  }
}

}  // namespace baton::failover
