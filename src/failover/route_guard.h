// Keeps the kernel's routes and routing rules equal to what instances (and the static part) hold:
//  * what somebody else removes or replaces is put back at once, and when that is repeated too
//    often, at the next renewal; but for what is not tracked (no_track);
//  * what the kernel removes by itself, with a link or a source address, comes back with it;
//  * what an earlier run left behind is removed at start, and by the supervisor after a crash
//    (failover/leftovers.h): unlike addresses, routes have no lifetime.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "failover/link_table.h"
#include "linux/routes.h"

namespace baton::failover {

struct HeldRoutes {
  std::vector<config::Route> routes;
  std::vector<config::RoutingRule> rules;

  [[nodiscard]] bool empty() const { return routes.empty() && rules.empty(); }
  [[nodiscard]] bool tracked() const;
  [[nodiscard]] bool same_as(const HeldRoutes& other) const;
};

class RouteGuard {
 public:
  static constexpr unsigned restores_per_second = 5;

  using Thing = std::variant<config::Route, config::RoutingRule>;
  struct Item {
    Thing thing;
    bool present = false;  // as far as the kernel has told
    int last_error = 0;
    Instant storm_since{};
    unsigned storm_count = 0;
  };

  RouteGuard(linux::Netlink& netlink, const LinkTable& links, Log& log)
      : netlink_(netlink), links_(links), log_(log) {}

  // Removes these where an earlier run left them.
  void remove_leftovers(const HeldRoutes& wanted);
  // From now on `holder` holds exactly these, routes first.
  void hold(const std::string& holder, const HeldRoutes& wanted);
  void release(const std::string& holder);
  // Puts back what is tracked and gone; costs little when nothing is.
  void restore();
  // Leaves everything behind.
  void leave_for_good() { held_.clear(); }
  void on_loss(const linux::RouteLoss& loss, Instant now);

  // What `holder` holds, routes first, in the order of the file.
  [[nodiscard]] const std::vector<Item>& held_by(const std::string& holder) const;

 private:
  void put(const std::string& holder, Item& item);
  void remove(const Thing& thing);
  [[nodiscard]] bool is_wanted(const Thing& thing) const;
  [[nodiscard]] linux::DeviceIndex index_of() const;

  linux::Netlink& netlink_;
  const LinkTable& links_;
  Log& log_;
  std::map<std::string, std::vector<Item>> held_;
};

// "route 10.0.0.0/8 via 10.9.0.1", "rule from 10.0.0.0/8 table 5"
std::string describe(const RouteGuard::Thing& thing);
[[nodiscard]] bool is_tracked(const RouteGuard::Thing& thing);
[[nodiscard]] const std::string& track_group_of(const RouteGuard::Thing& thing);

}  // namespace baton::failover
