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

void remove_leftovers(const config::Failover& config, Log& log) {
  const HeldRoutes routes = all_routes(config);
  if (routes.empty()) return;
  auto netlink = linux::Netlink::open();
  LinkTable links;
  if (!netlink || !links.refresh(*netlink)) return;
  RouteGuard(*netlink, links, log).remove_leftovers(routes);
}

}  // namespace baton::failover
