// Putting, restoring and removing routes and rules.

#include "failover/route_guard.h"

#include <algorithm>
#include <utility>

namespace baton::failover {

namespace {

bool is_same(const RouteGuard::Thing& a, const RouteGuard::Thing& b) {
  if (a.index() != b.index()) return false;
  if (const auto* route = std::get_if<config::Route>(&a)) {
    return route->same_as(std::get<config::Route>(b));
  }
  return std::get<config::RoutingRule>(a).same_as(std::get<config::RoutingRule>(b));
}

std::vector<RouteGuard::Item> to_items(const HeldRoutes& wanted) {
  std::vector<RouteGuard::Item> items;
  items.reserve(wanted.routes.size() + wanted.rules.size());
  for (const auto& route : wanted.routes) items.push_back({route});
  for (const auto& rule : wanted.rules) items.push_back({rule});
  return items;
}

}  // namespace

bool HeldRoutes::tracked() const {
  return std::ranges::any_of(routes, &config::Route::tracked) ||
         std::ranges::any_of(rules, &config::RoutingRule::tracked);
}

bool HeldRoutes::same_as(const HeldRoutes& other) const {
  const auto same = [](const auto& a, const auto& b) {
    return a.tracked == b.tracked && a.track_group == b.track_group && a.same_as(b);
  };
  return std::ranges::equal(routes, other.routes, same) &&
         std::ranges::equal(rules, other.rules, same);
}

std::string describe(const RouteGuard::Thing& thing) {
  if (const auto* route = std::get_if<config::Route>(&thing)) return "route " + route->text;
  return "rule " + std::get<config::RoutingRule>(thing).text;
}

bool is_tracked(const RouteGuard::Thing& thing) {
  return std::visit([](const auto& one) { return one.tracked; }, thing);
}

const std::string& track_group_of(const RouteGuard::Thing& thing) {
  return std::visit([](const auto& one) -> const std::string& { return one.track_group; }, thing);
}

void RouteGuard::remove_leftovers(const HeldRoutes& wanted) {
  for (const auto& rule : wanted.rules) remove(rule);
  for (const auto& route : wanted.routes) remove(route);
}

void RouteGuard::hold(const std::string& holder, const HeldRoutes& wanted) {
  const auto known = held_.find(holder);
  if (wanted.empty() && known == held_.end()) return;
  auto earlier = known == held_.end() ? std::vector<Item>() : std::move(known->second);
  auto& items = held_[holder] = to_items(wanted);
  for (Item& item : items) {
    const auto same = std::ranges::find_if(
        earlier, [&item](const Item& old) { return is_same(old.thing, item.thing); });
    // What is not tracked and was removed by somebody stays so.
    if (same != earlier.end()) item.present = same->present;
    if (same == earlier.end() || is_tracked(item.thing)) put(holder, item);
  }
  for (const Item& item : earlier) {
    if (!is_wanted(item.thing)) remove(item.thing);
  }
}

// Rules first: no packet is then looked up in a table that is half gone.
void RouteGuard::release(const std::string& holder) {
  const auto found = held_.find(holder);
  if (found == held_.end()) return;
  const auto items = std::move(found->second);
  held_.erase(found);
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    if (!is_wanted(item->thing)) remove(item->thing);
  }
}

void RouteGuard::restore() {
  for (auto& [holder, items] : held_) {
    for (Item& item : items) {
      if (is_tracked(item.thing) || !item.present) put(holder, item);
    }
  }
}

void RouteGuard::on_loss(const linux::RouteLoss& loss, Instant now) {
  for (auto& [holder, items] : held_) {
    for (Item& item : items) {
      const bool concerned =
          std::visit([&loss](const auto& one) { return linux::concerns(loss, one); }, item.thing);
      if (!concerned || !is_tracked(item.thing)) continue;
      if (now - item.storm_since >= 1s) {
        item.storm_since = now;
        item.storm_count = 0;
      }
      if (++item.storm_count <= restores_per_second) put(holder, item);
    }
  }
}

const std::vector<RouteGuard::Item>& RouteGuard::held_by(const std::string& holder) const {
  static const std::vector<Item> nothing;
  const auto found = held_.find(holder);
  return found == held_.end() ? nothing : found->second;
}

void RouteGuard::put(const std::string& holder, Item& item) {
  const bool was_present = item.present;
  Result<bool> added = false;
  if (const auto* route = std::get_if<config::Route>(&item.thing)) {
    added = linux::put_route(netlink_, *route, index_of());
  } else {
    added = linux::put_rule(netlink_, std::get<config::RoutingRule>(item.thing));
  }
  item.present = added.has_value();
  // Tried again every second: each new cause is told once.
  const int cause = added ? 0 : added.error().errno_value;
  if (cause != 0 && cause != item.last_error) {
    log_.print(LogLevel::error, "({}) cannot put {}: {}", holder, describe(item.thing),
               baton::describe(added.error()));
  }
  item.last_error = cause;
  if (was_present && added && *added) {
    log_.print(LogLevel::notice, "({}) {} was removed by somebody else, put back", holder,
               describe(item.thing));
  }
}

void RouteGuard::remove(const Thing& thing) {
  Status done;
  if (const auto* route = std::get_if<config::Route>(&thing)) {
    done = linux::remove_route(netlink_, *route, index_of());
  } else {
    done = linux::remove_rule(netlink_, std::get<config::RoutingRule>(thing));
  }
  if (!done) {
    log_.print(LogLevel::error, "cannot remove {}: {}", describe(thing),
               baton::describe(done.error()));
  }
}

bool RouteGuard::is_wanted(const Thing& thing) const {
  return std::ranges::any_of(held_, [&thing](const auto& entry) {
    return std::ranges::any_of(entry.second,
                               [&thing](const Item& other) { return is_same(other.thing, thing); });
  });
}

linux::DeviceIndex RouteGuard::index_of() const {
  return [this](const std::string& name) {
    const linux::Link* link = links_.find(name);
    return link ? link->index : 0;
  };
}

}  // namespace baton::failover
