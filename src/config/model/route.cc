// Comparing routes and rules as the kernel does: what is for people alone is left out.

#include "config/model/route.h"

#include <tuple>

namespace baton::config {

namespace {

auto content(const Route& route) {
  return std::tie(route.family, route.type, route.destination, route.source, route.preferred_source,
                  route.hops, route.multipath, route.table, route.protocol, route.scope, route.tos,
                  route.priority, route.metrics, route.congestion_control, route.preference,
                  route.expires_s, route.realms, route.append);
}

auto content(const RoutingRule& rule) {
  return std::tie(rule.family, rule.inverted, rule.from, rule.to, rule.in_device, rule.out_device,
                  rule.tos, rule.mark, rule.mark_mask, rule.priority, rule.action, rule.table,
                  rule.target, rule.realms, rule.suppress_prefix_length, rule.suppress_group,
                  rule.ip_protocol, rule.source_ports, rule.destination_ports, rule.users,
                  rule.l3mdev, rule.protocol);
}

}  // namespace

bool Route::same_as(const Route& other) const {
  return content(*this) == content(other);
}

bool RoutingRule::same_as(const RoutingRule& other) const {
  return content(*this) == content(other);
}

}  // namespace baton::config
