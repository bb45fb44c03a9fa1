// Giving, taking, and what comes over the link.

#include "failover/handovers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "failover/handover_messages.h"

namespace baton::failover {

Handovers::Handovers(HandoverWorld& world, Log& log, FlightRecorder& recorder,
                     std::uint64_t first_id)
    : world_(world), log_(log), recorder_(recorder), next_id_(first_id) {}

Handovers::~Handovers() = default;

void Handovers::on_message(PairMessage type, const HandoverPeer& from, std::string_view body) {
  if (type == PairMessage::handover_offer) return on_offer(from, body);
  if (type == PairMessage::handover_flows) return on_flows(from, body);
  if (type == PairMessage::pass_request) return on_pass_request(from, body);
  if (type == PairMessage::pass_reply) return on_pass_reply(body);
  on_note(type, from, body);
}

Handovers::Faces Handovers::routers_of(const std::vector<std::string>& names) const {
  Faces found;
  for (RouterFace* router : world_.routers()) {
    if (std::ranges::find(names, router->instance().settings().name) != names.end()) {
      found.push_back(router);
    }
  }
  return found;
}

// -- giving --

// False when connections cannot be kept.
bool Handovers::give(const HandoverPeer& peer, const Order& order) {
  HandoverScope scope;
  scope.id = ++next_id_;
  scope.timeout = timeout_;
  auto given = std::make_unique<Given>(HandoverGiver({}));
  given->peer = peer.address;
  given->peer_name = peer.name;
  given->tickets = order.tickets;
  given->at_stop = order.at_stop;
  given->to_this_one = order.to_this_one;
  given->tried = order.tried;
  given->begun = world_.now();
  for (const RouterFace* router : order.routers) {
    const auto& source = router->instance().source();
    if (!source) return false;
    scope.instances.push_back(router->instance().settings().name);
    scope.sources.push_back(*source);
    if (std::ranges::find(scope.giver, *source) == scope.giver.end()) {
      scope.giver.push_back(*source);
    }
    std::vector<net::IpAddress> addresses;
    for (const HeldAddress& held : router->held()) {
      addresses.push_back(held.prefix.address);
      scope.addresses.push_back(held.prefix.address);
      HeldAddress kept = held;
      kept.device = "lo";
      kept.label.clear();
      kept.broadcast.reset();
      kept.prefix.length = held.prefix.address.is_ipv4() ? 32 : 128;
      given->kept.push_back(std::move(kept));
      if (source->is_ipv4()) given->silent.push_back({held.prefix.address, *source});
    }
    given->tally.add(router->instance().settings().name, std::move(addresses),
                     {.kept = 0, .moved = -1, .lost = 0});
  }
  // Connections of this node that an earlier handover has left there end with it.
  given->machine = HandoverGiver(std::move(scope));
  given_.push_back(std::move(given));
  Given& added = *given_.back();
  act(added, added.machine.begin(world_.now()));
  arm();
  return true;
}

// -- taking --

namespace {

// Of the giver's addresses the one on the link of `router`, from which its adverts come. They may
// not have come yet, when it is master itself for a moment only: it says so.
std::optional<net::IpAddress> find_giver(const HandoverScope& scope, const RouterFace& router,
                                         net::Family family) {
  const auto place = std::ranges::find(scope.instances, router.instance().settings().name);
  if (!scope.sources.empty() && place != scope.instances.end()) {
    const auto& source = scope.sources[static_cast<std::size_t>(place - scope.instances.begin())];
    if (source.family() == family) return source;
  }
  const auto master = router.instance().master();
  if (master && master->family() == family &&
      std::ranges::find(scope.giver, *master) != scope.giver.end()) {
    return master;
  }
  const auto any = std::ranges::find(scope.giver, family, &net::IpAddress::family);
  return any == scope.giver.end() ? std::nullopt : std::optional(*any);
}

}  // namespace

std::string Handovers::find_obstacle(const HandoverScope& scope) {
  if (world_.is_stopping()) return fmt::format("this node is stopping");
  if (taken_.size() >= taken_max) return "too many handovers are under way there";
  const auto routers = routers_of(scope.instances);
  for (const std::string& name : scope.instances) {
    const auto is_it = [&name](const RouterFace* one) {
      return one->instance().settings().name == name;
    };
    if (std::ranges::none_of(routers, is_it)) {
      return fmt::format("there is no vrrp_instance {} there; moves go by the name", name);
    }
  }
  if (routers.size() != scope.instances.size() || routers.empty()) return "nothing to take";
  for (const RouterFace* router : routers) {
    const auto& instance = router->instance();
    if (instance.state() == vrrp::State::backup) continue;
    const auto faults = instance.faults();
    return fmt::format("{} is {} there{}{}", router->instance().settings().name,
                       vrrp::name_of(instance.state()), faults.empty() ? "" : ": ",
                       faults.empty() ? "" : faults.front());
  }
  for (const auto& address : scope.addresses) {
    const bool is_ours = std::ranges::any_of(routers, [&address](const RouterFace* router) {
      return std::ranges::any_of(router->held(), [&address](const HeldAddress& held) {
        return held.prefix.address == address;
      });
    });
    if (!is_ours) return fmt::format("{} is no address of these instances there", address.text());
  }
  return "";
}

void Handovers::on_offer(const HandoverPeer& from, std::string_view body) {
  auto scope = decode_offer(body);
  if (!scope) return;
  if (!is_leaving(*scope) || waiting_.size() == offers_waiting_max) {
    return take(from, std::move(*scope));
  }
  waiting_.push_back({from, std::move(*scope), world_.now() + HandoverGiver::ready_patience});
  arm();
}

// The new master has it to give before the old one has seen the end of the move.
bool Handovers::is_leaving(const HandoverScope& scope) const {
  return !world_.is_stopping() &&
         std::ranges::any_of(routers_of(scope.instances), [](const RouterFace* router) {
           return router->instance().is_yielding();
         });
}

void Handovers::review_waiting() {
  for (std::size_t i = 0; i < waiting_.size();) {
    if (is_leaving(waiting_[i].scope)) {
      ++i;
      continue;
    }
    Waiting one = std::move(waiting_[i]);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    take(one.from, std::move(one.scope));
  }
}

void Handovers::take(const HandoverPeer& from, HandoverScope scope) {
  if (const std::string why = find_obstacle(scope); !why.empty()) {
    send(from.address, PairMessage::handover_refused, scope.id, why);
    return;
  }
  auto taken = std::make_unique<Taken>(HandoverTaker({}));
  taken->peer = from.address;
  taken->peer_name = from.name;
  taken->peer_run = from.run;
  taken->set = next_set_++;
  taken->begun = world_.now();
  for (const RouterFace* router : routers_of(scope.instances)) {
    std::vector<net::IpAddress> addresses;
    for (const HeldAddress& held : router->held()) addresses.push_back(held.prefix.address);
    taken->tally.add(router->instance().settings().name, std::move(addresses),
                     {.kept = 0, .moved = 0, .lost = 0});
    for (const HeldAddress& held : router->held()) {
      const auto giver = find_giver(scope, *router, held.prefix.address.family());
      if (!giver) continue;
      taken->caught.push_back(
          {held.prefix.address, router->link_of(held.device), *giver, taken->set, true});
    }
  }
  taken->machine = HandoverTaker(std::move(scope));
  taken_.push_back(std::move(taken));
  Taken& added = *taken_.back();
  for (auto& stragglers : stragglers_) stragglers.end = added.begun;  // it catches them, too
  act(added, added.machine.begin(added.begun));
  arm();
}

void Handovers::on_flows(const HandoverPeer& from, std::string_view body) {
  const auto list = decode_flows(body);
  if (!list) return;
  for (const auto& taken : taken_) {
    if (taken->peer != from.address || taken->machine.scope().id != list->id) continue;
    const std::size_t known = taken->moved.size() + taken->flows_waiting;
    if (known + list->flows.size() > moved_flows_max) continue;
    taken->flows_waiting += list->flows.size();
    taken->lists.push_back(*list);
    // The first of them; the others follow on its heels.
    if (taken->lists.size() > 1) continue;
    world_.work([this, set = taken->set] {
      Taken* known = find_taken(set);
      return known && forward_on(*known);
    });
  }
}

void Handovers::on_note(PairMessage type, const HandoverPeer& from, std::string_view body) {
  const auto note = decode_note(body);
  if (!note) return;
  const Instant now = world_.now();
  for (std::size_t i = 0; i < given_.size(); ++i) {
    Given& given = *given_[i];
    if (given.peer != from.address || given.machine.scope().id != note->id) continue;
    if (type == PairMessage::handover_ready) {
      given.tally.set(note->connections, &MovedConnections::moved);
      act(given, given.machine.on_ready(now));
    }
    if (type == PairMessage::handover_refused) act(given, given.machine.on_refused(note->why));
  }
  if (type == PairMessage::handover_done) {
    std::erase_if(waiting_, [&](const Waiting& one) {
      return one.from.address == from.address && one.scope.id == note->id;
    });
  }
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    Taken& taken = *taken_[i];
    if (taken.peer != from.address || taken.machine.scope().id != note->id) continue;
    if (type == PairMessage::handover_taken) go(taken);
    if (type == PairMessage::handover_done) {
      taken.is_done = true;
      taken.tally.set(note->connections, &MovedConnections::lost);
      record(taken.tally, true);
      act(taken, taken.machine.on_done(now));
    }
  }
  arm();
}

// A fault or the end of this node may have come in between.
void Handovers::go(Taken& taken) {
  const auto routers = routers_of(taken.machine.scope().instances);
  const bool is_able = std::ranges::all_of(routers, [](const RouterFace* router) {
    const auto state = router->instance().state();
    return state == vrrp::State::backup || state == vrrp::State::master;
  });
  if (is_able || taken.machine.state() != HandoverTaker::State::prepared) {
    return act(taken, taken.machine.on_go(world_.now()));
  }
  send(taken.peer, PairMessage::handover_refused, taken.machine.scope().id, "it failed meanwhile");
  act(taken, taken.machine.end());
}

void Handovers::on_link_change(const HandoverPeer& peer) {
  const Instant now = world_.now();
  for (std::size_t i = 0; i < given_.size(); ++i) {
    if (given_[i]->peer != peer.address || peer.is_up) continue;
    act(*given_[i], given_[i]->machine.on_link_down());
  }
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    Taken& taken = *taken_[i];
    if (taken.peer != peer.address) continue;
    act(taken, peer.is_up ? taken.machine.on_link_up(peer.run == taken.peer_run)
                          : taken.machine.on_link_down(now));
  }
  std::erase_if(waiting_, [&peer](const Waiting& one) {
    return one.from.address == peer.address && (!peer.is_up || one.from.run != peer.run);
  });
  const bool reachable = std::ranges::any_of(world_.peers(), &HandoverPeer::is_up);
  world_.tell(world_.routers(), vrrp::event::MasterReachable{reachable});
  arm();
}

bool Handovers::is_serving() const {
  return std::ranges::any_of(given_, [](const auto& given) {
    return given->machine.state() != HandoverGiver::State::over;
  });
}

Handovers::Given* Handovers::find_given(std::uint64_t id) {
  const auto found = std::ranges::find_if(
      given_, [id](const auto& given) { return given->machine.scope().id == id; });
  return found == given_.end() ? nullptr : found->get();
}

Handovers::Taken* Handovers::find_taken(unsigned set) {
  const auto found =
      std::ranges::find_if(taken_, [set](const auto& taken) { return taken->set == set; });
  return found == taken_.end() ? nullptr : found->get();
}

void Handovers::end() {
  for (const auto& given : given_) answer(given->tickets, false, "this node is stopping");
  for (const auto& plain : plain_) answer(plain->tickets, false, "this node is stopping");
  for (std::size_t i = 0; i < given_.size(); ++i) act(*given_[i], given_[i]->machine.end());
  for (std::size_t i = 0; i < taken_.size(); ++i) act(*taken_[i], taken_[i]->machine.end());
  stragglers_.clear();
  waiting_.clear();
  world_.close();
}

}  // namespace baton::failover
