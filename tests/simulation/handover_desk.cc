// Choosing whom to give to, and what comes over the link.

#include "simulation/handover_desk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "failover/handover_messages.h"

namespace baton::simulation {

using namespace failover;

HandoverDesk::HandoverDesk(std::uint64_t first_id) : next_id_(first_id) {}

HandoverDesk::~HandoverDesk() = default;

void HandoverDesk::on_message(PairMessage type, const HandoverPeer& from, std::string_view body) {
  if (type == PairMessage::handover_offer) return on_offer(from, body);
  if (type == PairMessage::handover_flows) return on_flows(from, body);
  if (type == PairMessage::pass_request) return on_pass_request(from, body);
  on_note(type, from, body);
}

HandoverDesk::Faces HandoverDesk::routers_of(const std::vector<std::string>& names) const {
  Faces found;
  for (RouterFace* router : faces()) {
    if (std::ranges::find(names, router->instance().settings().name) != names.end()) {
      found.push_back(router);
    }
  }
  return found;
}

// -- giving --

std::optional<HandoverPeer> HandoverDesk::choose_peer(const std::string& to,
                                                      std::string& problem) const {
  const auto known = peers();
  if (!to.empty() && known.empty()) {
    problem = "--to needs the pair link (pair_key and pair_peer)";
    return std::nullopt;
  }
  for (const auto& peer : known) {
    if (!to.empty() && peer.address.text() != to && peer.name != to) continue;
    if (peer.is_up) return peer;
    if (!to.empty()) {
      problem = fmt::format("there is no link to {}: {}", to, peer.problem);
      return std::nullopt;
    }
  }
  if (!to.empty()) problem = fmt::format("no pair_peer is called {}", to);
  return std::nullopt;
}

void HandoverDesk::pass(const Faces& routers, const std::string& to, std::uint64_t ticket) {
  std::string problem;
  const auto peer = choose_peer(to, problem);
  if (!problem.empty()) {
    if (ticket != 0) pass_ended(ticket, false, problem);
    return;
  }
  if (!peer || !give(routers, *peer, ticket, false)) pass_plainly(routers, ticket, false);
}

bool HandoverDesk::give_at_stop(const Faces& routers) {
  std::string problem;
  const auto peer = choose_peer("", problem);
  return peer && !routers.empty() && give(routers, *peer, 0, true);
}

// False when connections cannot be kept.
bool HandoverDesk::give(const Faces& routers, const HandoverPeer& peer, std::uint64_t ticket,
                        bool at_stop) {
  HandoverScope scope;
  scope.id = ++next_id_;
  scope.timeout = timeout_;
  auto given = std::make_unique<Given>(
      Given{HandoverGiver({}), peer.address, peer.name, ticket, at_stop, now(), {}, {}, {}});
  for (const RouterFace* router : routers) {
    const auto& source = router->instance().source();
    if (!source) return false;
    scope.instances.push_back(router->instance().settings().name);
    if (std::ranges::find(scope.giver, *source) == scope.giver.end()) {
      scope.giver.push_back(*source);
    }
    for (const HeldAddress& held : router->held()) {
      scope.addresses.push_back(held.prefix.address);
      HeldAddress kept = held;
      kept.device = "lo";
      kept.label.clear();
      kept.broadcast.reset();
      kept.prefix.length = held.prefix.address.is_ipv4() ? 32 : 128;
      given->kept.push_back(std::move(kept));
      if (source->is_ipv4()) given->silent.push_back({held.prefix.address, *source});
    }
  }
  // Connections of this node that an earlier handover has left there end with it.
  given->machine = HandoverGiver(std::move(scope));
  given_.push_back(std::move(given));
  Given& added = *given_.back();
  act(added, added.machine.begin(now()));
  arm();
  return true;
}

void HandoverDesk::pass_plainly(const Faces& routers, std::uint64_t ticket, bool at_stop) {
  if (at_stop) {
    tell(routers, vrrp::event::Stop{true, false});
    return;
  }
  std::vector<net::IpAddress> addresses;
  auto plain = std::make_unique<Plain>();
  plain->ticket = ticket;
  plain->begun = now();
  for (const RouterFace* router : routers) {
    plain->instances.push_back(router->instance().settings().name);
    for (const auto& held : router->held()) addresses.push_back(held.prefix.address);
  }
  plain_.push_back(std::move(plain));
  addresses_leave(addresses);
  tell(routers, vrrp::event::Pass{false});
}

void HandoverDesk::ask_to_pass(const RouterFace& router) {
  std::vector<std::string> names{router.instance().settings().name};
  const std::string& group = router.instance().settings().sync_group;
  for (const RouterFace* other : faces()) {
    if (group.empty() || other == &router) continue;
    const auto& settings = other->instance().settings();
    if (settings.sync_group == group) names.push_back(settings.name);
  }
  for (const auto& peer : peers()) {
    if (peer.is_up) send(peer.address, PairMessage::pass_request, encode_names(names));
  }
}

void HandoverDesk::on_pass_request(const HandoverPeer& from, std::string_view body) {
  const auto names = decode_names(body);
  if (!names || is_stopping()) return;
  Faces masters;
  for (RouterFace* router : routers_of(*names)) {
    const auto& instance = router->instance();
    if (instance.state() != vrrp::State::master || instance.is_yielding()) return;
    masters.push_back(router);
  }
  const bool is_under_way = std::ranges::any_of(given_, [&names](const auto& given) {
    return given->machine.scope().instances == *names &&
           given->machine.state() < HandoverGiver::State::serving;
  });
  if (masters.empty() || is_under_way) return;
  write_log(LogLevel::info, fmt::format("{} asks for {}", from.name, fmt::join(*names, ", ")));
  if (!give(masters, from, 0, false)) pass_plainly(masters, 0, false);
}

// -- taking --

std::string HandoverDesk::find_obstacle(const HandoverScope& scope, const HandoverPeer& from) {
  if (is_stopping()) return "this node is stopping";
  const auto routers = routers_of(scope.instances);
  if (routers.size() != scope.instances.size() || routers.empty()) {
    return fmt::format("{} does not have all of {}", from.address.text(),
                       fmt::join(scope.instances, ", "));
  }
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

namespace {

// Of the giver's addresses the one on the link of `router`: there its adverts come from it.
std::optional<net::IpAddress> find_giver(const HandoverScope& scope, const RouterFace& router,
                                         net::Family family) {
  const auto master = router.instance().master();
  if (master && master->family() == family &&
      std::ranges::find(scope.giver, *master) != scope.giver.end()) {
    return master;
  }
  const auto any = std::ranges::find(scope.giver, family, &net::IpAddress::family);
  return any == scope.giver.end() ? std::nullopt : std::optional(*any);
}

}  // namespace

void HandoverDesk::on_offer(const HandoverPeer& from, std::string_view body) {
  auto scope = decode_offer(body);
  if (!scope) return;
  if (const std::string why = find_obstacle(*scope, from); !why.empty()) {
    note_to(from.address, PairMessage::handover_refused, scope->id, why);
    return;
  }
  const std::vector<std::string> instances = scope->instances;
  auto taken = std::make_unique<Taken>(
      Taken{HandoverTaker({}), from.address, from.name, from.run, next_set_++, false, now(), {}});
  for (const RouterFace* router : routers_of(scope->instances)) {
    for (const HeldAddress& held : router->held()) {
      const auto giver = find_giver(*scope, *router, held.prefix.address.family());
      if (giver)
        taken->caught.push_back({held.prefix.address, held.device, *giver, taken->set, true});
    }
  }
  taken->machine = HandoverTaker(std::move(*scope));
  taken_.push_back(std::move(taken));
  Taken& added = *taken_.back();
  act(added, added.machine.begin(now()));
  // What an earlier one has left is the giver's again; its rules go when the new ones stand.
  for (std::size_t i = 0; i + 1 < taken_.size(); ++i) {
    if (taken_[i]->machine.scope().instances != instances) continue;
    act(*taken_[i], taken_[i]->machine.end());
  }
  arm();
}

void HandoverDesk::on_flows(const HandoverPeer& from, std::string_view body) {
  const auto list = decode_flows(body);
  if (!list) return;
  for (const auto& taken : taken_) {
    if (taken->peer != from.address || taken->machine.scope().id != list->id) continue;
    static_cast<void>(filter(add_flows(taken->set, FlowSet::moved, list->flows), "connections"));
    act(*taken, taken->machine.on_flows(list->flows.size(), list->last, now()));
  }
  arm();
}

void HandoverDesk::on_note(PairMessage type, const HandoverPeer& from, std::string_view body) {
  const auto note = decode_note(body);
  if (!note) return;
  const Instant now = this->now();
  for (std::size_t i = 0; i < given_.size(); ++i) {
    Given& given = *given_[i];
    if (given.peer != from.address || given.machine.scope().id != note->id) continue;
    if (type == PairMessage::handover_ready) act(given, given.machine.on_ready(now));
    if (type == PairMessage::handover_refused) act(given, given.machine.on_refused(note->why));
  }
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    Taken& taken = *taken_[i];
    if (taken.peer != from.address || taken.machine.scope().id != note->id) continue;
    if (type == PairMessage::handover_taken) act(taken, taken.machine.on_go(now));
    if (type == PairMessage::handover_done) act(taken, taken.machine.on_done(now));
  }
  arm();
}

void HandoverDesk::on_link_change(const HandoverPeer& peer) {
  const Instant now = this->now();
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
  const bool reachable = std::ranges::any_of(peers(), &HandoverPeer::is_up);
  tell(faces(), vrrp::event::MasterReachable{reachable});
  arm();
}

bool HandoverDesk::is_serving() const {
  return std::ranges::any_of(given_, [](const auto& given) {
    return given->machine.state() != HandoverGiver::State::over;
  });
}

void HandoverDesk::end() {
  for (std::size_t i = 0; i < given_.size(); ++i) act(*given_[i], given_[i]->machine.end());
  for (std::size_t i = 0; i < taken_.size(); ++i) act(*taken_[i], taken_[i]->machine.end());
}

}  // namespace baton::simulation
