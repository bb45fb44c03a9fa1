// The plain pass, which VRRP alone does: without a pair link, or when the other end cannot take
// over connections. They are cut when the address goes; what can be done for them is to close those
// that wait for a request before that, so that their clients come again by themselves, and to let
// the others end at their next response.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "failover/handovers.h"

namespace baton::failover {

std::string Handovers::why_plain() const {
  if (!world_.has_link()) return "there is no pair link (pair_key, pair_peer)";
  for (const auto& peer : world_.peers()) {
    if (!peer.is_up) return fmt::format("no link to {}: {}", peer.address.text(), peer.problem);
  }
  return "there is no pair link";
}

void Handovers::pass_plainly(const Order& order, std::string why) {
  auto plain = std::make_unique<Plain>();
  plain->id = ++next_id_;
  plain->tickets = order.tickets;
  plain->at_stop = order.at_stop;
  plain->why = std::move(why);
  plain->begun = world_.now();
  plain->yields_at = plain->begun + farewell;
  std::vector<net::IpAddress> leaving;
  for (const RouterFace* router : order.routers) {
    plain->instances.push_back(router->instance().settings().name);
    std::vector<net::IpAddress> addresses;
    for (const auto& held : router->held()) addresses.push_back(held.prefix.address);
    leaving.insert(leaving.end(), addresses.begin(), addresses.end());
    plain->tally.add(router->instance().settings().name, std::move(addresses),
                     {.kept = 0, .moved = -1, .lost = 0});
  }
  plain_.push_back(std::move(plain));
  world_.addresses_leave(leaving, true);
  arm();
}

void Handovers::begin_plain(Plain& plain) {
  plain.yields_at = never;
  const auto routers = routers_of(plain.instances);
  if (plain.at_stop) {
    plain.over = true;
    answer(plain.tickets, false, "this node is stopping: " + plain.why);
    world_.tell(routers, vrrp::event::Stop{true, false});
  } else {
    world_.tell(routers, vrrp::event::Pass{false});
  }
}

void Handovers::review_plain(Plain& plain, Instant now) {
  if (plain.over || plain.yields_at != never || plain.cut) return;
  const auto routers = routers_of(plain.instances);
  const auto is_yielding = [](const RouterFace* router) {
    return router->instance().is_yielding();
  };
  if (std::ranges::any_of(routers, is_yielding)) return;
  const bool moved = std::ranges::none_of(routers, [](const RouterFace* router) {
    return router->instance().state() == vrrp::State::master;
  });
  world_.addresses_leave({}, false);
  if (!moved || routers.empty()) {
    plain.over = true;
    return answer(plain.tickets, false, "nobody took over: the addresses stay here");
  }
  const auto master = routers.front()->instance().master();
  count_cut(plain, fmt::format("{} passed to {} in {:.0f} ms", fmt::join(plain.instances, ", "),
                               master ? master->text() : "another node",
                               to_seconds(now - plain.begun) * 1000));
}

// What is still established here leads nowhere any more.
void Handovers::count_cut(Plain& plain, std::string text) {
  plain.text = std::move(text);
  std::vector<net::IpAddress> addresses;
  for (const auto& entry : plain.tally.entries()) {
    addresses.insert(addresses.end(), entry.addresses.begin(), entry.addresses.end());
  }
  auto listing = world_.list_flows(addresses);
  if (!listing) {
    plain.over = true;
    return answer(plain.tickets, true, plain.text);
  }
  plain.cut = std::move(*listing);
  world_.work([this, id = plain.id] {
    const auto found =
        std::ranges::find_if(plain_, [id](const auto& one) { return one->id == id; });
    if (found == plain_.end()) return false;
    Plain& counted = **found;
    const auto more = counted.cut->read_some([&counted](const SeenFlow& seen) {
      if (!seen.is_closed) counted.tally.count(seen.flow.local.address, &MovedConnections::lost);
    });
    if (more && *more) return true;
    record(counted.tally, false);
    const auto lost = counted.tally.sum(&MovedConnections::lost);
    counted.text += lost == 0 ? fmt::format("; no connection was cut")
                              : fmt::format("; {} connection{} cut, for {}", lost,
                                            lost == 1 ? " was" : "s were", counted.why);
    log_.write(LogLevel::info, counted.text);
    answer(counted.tickets, true, counted.text);
    counted.over = true;
    arm();
    return false;
  });
}

}  // namespace baton::failover
