// Tidying up after a crash.

#include "failover/leftovers.h"

namespace baton::failover {

HeldRoutes all_routes(const config::Failover& config) {
  HeldRoutes all{config.statics.routes, config.statics.rules};
  for (const auto& instance : config.instances) {
    all.routes.insert(all.routes.end(), instance.routes.begin(), instance.routes.end());
    all.rules.insert(all.rules.end(), instance.rules.begin(), instance.rules.end());
  }
  return all;
}

std::vector<config::VmacLink> all_vmacs(const config::Failover& config) {
  std::vector<config::VmacLink> all;
  for (const auto& instance : config.instances) {
    all.insert(all.end(), instance.vmac.links.begin(), instance.vmac.links.end());
  }
  return all;
}

void remove_leftovers(const config::Failover& config, Log& log) {
  const HeldRoutes routes = all_routes(config);
  const auto vmacs = all_vmacs(config);
  if (routes.empty() && vmacs.empty()) return;
  auto netlink = linux::Netlink::open();
  LinkTable links;
  if (!netlink || !links.refresh(*netlink)) return;
  RouteGuard(*netlink, links, log).remove_leftovers(routes);
  VmacGuard(*netlink, links, log).remove_leftovers(vmacs);
}

}  // namespace baton::failover
