// Choosing whom to give to, and what comes over the link.

#include "failover/handovers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "failover/handover_messages.h"

namespace baton::failover {

Handovers::Handovers(runtime::Loop& loop, Log& log, PairLink& link, AddressGuard& guard,
                     FlightRecorder& recorder, Host& host)
    : loop_(loop),
      log_(log),
      link_(link),
      guard_(guard),
      recorder_(recorder),
      host_(host),
      timer_(loop, [this] { on_timer(); }),
      next_id_(link.run()),
      work_(loop) {
  link_.on(PairMessage::handover_offer,
           [this](const PairPeer& from, std::string_view body) { on_offer(from, body); });
  link_.on(PairMessage::handover_flows,
           [this](const PairPeer& from, std::string_view body) { on_flows(from, body); });
  for (const PairMessage type : {PairMessage::handover_ready, PairMessage::handover_refused,
                                 PairMessage::handover_taken, PairMessage::handover_done}) {
    link_.on(type, [this, type](const PairPeer& from, std::string_view body) {
      on_note(type, from, body);
    });
  }
  link_.on(PairMessage::pass_request,
           [this](const PairPeer& from, std::string_view body) { on_pass_request(from, body); });
  link_.on_change([this](const PairPeer& peer) { on_link_change(peer); });
}

Handovers::~Handovers() = default;

std::vector<Router*> Handovers::routers_of(const std::vector<std::string>& names) const {
  std::vector<Router*> found;
  for (const auto& router : host_.routers()) {
    if (std::ranges::find(names, router->name()) != names.end()) found.push_back(router.get());
  }
  return found;
}

// -- giving --

const PairPeer* Handovers::choose_peer(const std::string& to, std::string& problem) const {
  if (!to.empty() && !link_.enabled()) {
    problem = "--to needs the pair link (pair_key and pair_peer)";
    return nullptr;
  }
  for (const auto& peer : link_.peers()) {
    if (!to.empty() && peer->address().text() != to && peer->name() != to) continue;
    if (peer->is_up()) return peer.get();
    if (!to.empty()) {
      problem = fmt::format("there is no link to {}: {}", to, peer->problem());
      return nullptr;
    }
  }
  if (!to.empty()) problem = fmt::format("no pair_peer is called {}", to);
  return nullptr;
}

void Handovers::pass(const std::vector<Router*>& routers, const std::string& to,
                     std::uint64_t ticket) {
  std::string problem;
  const PairPeer* peer = choose_peer(to, problem);
  if (!problem.empty()) {
    if (ticket != 0) host_.pass_ended(ticket, false, problem);
    return;
  }
  if (!peer) return pass_plainly(routers, ticket, false, why_plain());
  if (!give(routers, *peer, ticket, false, {})) {
    pass_plainly(routers, ticket, false, "an instance has no address to send from");
  } else {
    given_.back()->to_this_one = !to.empty();
  }
}

const PairPeer* Handovers::next_peer(const Given& given) const {
  if (given.to_this_one) return nullptr;
  for (const auto& peer : link_.peers()) {
    const bool tried = peer->address() == given.peer ||
                       std::ranges::find(given.tried, peer->address()) != given.tried.end();
    if (peer->is_up() && !tried) return peer.get();
  }
  return nullptr;
}

bool Handovers::give_at_stop(const std::vector<Router*>& routers) {
  std::string problem;
  const PairPeer* peer = choose_peer("", problem);
  return peer && !routers.empty() && give(routers, *peer, 0, true, {});
}

// False when connections cannot be kept.
bool Handovers::give(const std::vector<Router*>& routers, const PairPeer& peer,
                     std::uint64_t ticket, bool at_stop, std::vector<net::IpAddress> tried) {
  HandoverScope scope;
  scope.id = ++next_id_;
  scope.timeout = timeout_;
  auto given = std::make_unique<Given>(HandoverGiver({}));
  given->peer = peer.address();
  given->peer_name = peer.name();
  given->ticket = ticket;
  given->at_stop = at_stop;
  given->tried = std::move(tried);
  given->begun = loop_.refresh_now();
  for (const Router* router : routers) {
    const auto& source = router->instance().source();
    if (!source) return false;
    scope.instances.push_back(router->name());
    if (std::ranges::find(scope.giver, *source) == scope.giver.end()) {
      scope.giver.push_back(*source);
    }
    std::vector<net::IpAddress> addresses;
    for (const HeldAddress& held : router->plan().held) {
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
    given->tally.add(router->name(), std::move(addresses), {.kept = 0, .moved = -1, .lost = 0});
  }
  // Connections of this node that an earlier handover has left there end with it.
  given->machine = HandoverGiver(std::move(scope));
  given_.push_back(std::move(given));
  Given& added = *given_.back();
  act(added, added.machine.begin(loop_.now()));
  arm();
  return true;
}

void Handovers::ask_to_pass(const Router& router) {
  std::vector<std::string> names{router.name()};
  const std::string& group = router.plan().settings.sync_group;
  for (const auto& other : host_.routers()) {
    if (group.empty() || other.get() == &router) continue;
    if (other->plan().settings.sync_group == group) names.push_back(other->name());
  }
  link_.send_all(PairMessage::pass_request, encode_names(names));
}

void Handovers::on_pass_request(const PairPeer& from, std::string_view body) {
  const auto names = decode_names(body);
  if (!names || host_.is_stopping()) return;
  std::vector<Router*> masters;
  for (Router* router : routers_of(*names)) {
    const auto& instance = router->instance();
    if (instance.state() != vrrp::State::master || instance.is_yielding()) return;
    masters.push_back(router);
  }
  const bool is_under_way = std::ranges::any_of(given_, [&names](const auto& given) {
    return given->machine.scope().instances == *names &&
           given->machine.state() < HandoverGiver::State::serving;
  });
  if (masters.empty() || is_under_way) return;
  log_.print(LogLevel::info, "{} asks for {}", from.name(), fmt::join(*names, ", "));
  if (!give(masters, from, 0, false, {})) {
    pass_plainly(masters, 0, false, "an instance has no address to send from");
  } else {
    given_.back()->to_this_one = true;
  }
}

// -- taking --

namespace {

// Where packets to an address on `device` come in, and go out to the giver. An interface with a
// virtual MAC gets them from the one below, on which the other node's own address is.
const std::string& link_of(const Router& router, const std::string& device) {
  const auto& links = router.plan().vmac.links;
  const auto found = std::ranges::find(links, device, &config::VmacLink::name);
  return found == links.end() ? device : found->parent;
}

// Of the giver's addresses the one on the link of `router`: there its adverts come from it.
std::optional<net::IpAddress> find_giver(const HandoverScope& scope, const Router& router,
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

std::string Handovers::find_obstacle(const HandoverScope& scope, const PairPeer& from) {
  if (host_.is_stopping()) return fmt::format("this node is stopping");
  const auto routers = routers_of(scope.instances);
  if (routers.size() != scope.instances.size() || routers.empty()) {
    return fmt::format("{} does not have all of {}", from.endpoint().text(),
                       fmt::join(scope.instances, ", "));
  }
  for (const Router* router : routers) {
    const auto& instance = router->instance();
    if (instance.state() == vrrp::State::backup) continue;
    const auto faults = instance.faults();
    return fmt::format("{} is {} there{}{}", router->name(), vrrp::name_of(instance.state()),
                       faults.empty() ? "" : ": ", faults.empty() ? "" : faults.front());
  }
  for (const auto& address : scope.addresses) {
    const bool is_ours = std::ranges::any_of(routers, [&address](const Router* router) {
      return std::ranges::any_of(router->plan().held, [&address](const HeldAddress& held) {
        return held.prefix.address == address;
      });
    });
    if (!is_ours) return fmt::format("{} is no address of these instances there", address.text());
  }
  return "";
}

void Handovers::on_offer(const PairPeer& from, std::string_view body) {
  auto scope = decode_offer(body);
  if (!scope) return;
  if (const std::string why = find_obstacle(*scope, from); !why.empty()) {
    send(from.address(), PairMessage::handover_refused, scope->id, why);
    return;
  }
  auto taken = std::make_unique<Taken>(HandoverTaker({}));
  taken->peer = from.address();
  taken->peer_name = from.name();
  taken->peer_run = from.run();
  taken->set = next_set_++;
  taken->begun = loop_.refresh_now();
  for (const Router* router : routers_of(scope->instances)) {
    std::vector<net::IpAddress> addresses;
    for (const HeldAddress& held : router->plan().held) addresses.push_back(held.prefix.address);
    taken->tally.add(router->name(), std::move(addresses), {.kept = 0, .moved = 0, .lost = 0});
    for (const HeldAddress& held : router->plan().held) {
      const auto giver = find_giver(*scope, *router, held.prefix.address.family());
      if (!giver) continue;
      taken->caught.push_back(
          {held.prefix.address, link_of(*router, held.device), *giver, taken->set, true});
    }
  }
  taken->machine = HandoverTaker(std::move(*scope));
  taken_.push_back(std::move(taken));
  Taken& added = *taken_.back();
  act(added, added.machine.begin(loop_.now()));
  arm();
}

void Handovers::on_flows(const PairPeer& from, std::string_view body) {
  const auto list = decode_flows(body);
  if (!list) return;
  for (const auto& taken : taken_) {
    if (taken->peer != from.address() || taken->machine.scope().id != list->id) continue;
    if (taken->flows_waiting + list->flows.size() > moved_flows_max) continue;
    taken->flows_waiting += list->flows.size();
    taken->lists.push_back(*list);
    // The first of them; the others follow on its heels.
    if (taken->lists.size() > 1) continue;
    work_.add([this, set = taken->set] {
      Taken* known = find_taken(set);
      return known && forward_on(*known);
    });
  }
}

void Handovers::on_note(PairMessage type, const PairPeer& from, std::string_view body) {
  const auto note = decode_note(body);
  if (!note) return;
  const Instant now = loop_.refresh_now();
  for (std::size_t i = 0; i < given_.size(); ++i) {
    Given& given = *given_[i];
    if (given.peer != from.address() || given.machine.scope().id != note->id) continue;
    if (type == PairMessage::handover_ready) {
      given.tally.set(note->connections, &MovedConnections::moved);
      act(given, given.machine.on_ready(now));
    }
    if (type == PairMessage::handover_refused) act(given, given.machine.on_refused(note->why));
  }
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    Taken& taken = *taken_[i];
    if (taken.peer != from.address() || taken.machine.scope().id != note->id) continue;
    if (type == PairMessage::handover_taken) act(taken, taken.machine.on_go(now));
    if (type == PairMessage::handover_done) {
      taken.is_done = true;
      taken.tally.set(note->connections, &MovedConnections::lost);
      record(taken.tally, true);
      act(taken, taken.machine.on_done(now));
    }
  }
  arm();
}

void Handovers::on_link_change(const PairPeer& peer) {
  const Instant now = loop_.refresh_now();
  for (std::size_t i = 0; i < given_.size(); ++i) {
    if (given_[i]->peer != peer.address() || peer.is_up()) continue;
    act(*given_[i], given_[i]->machine.on_link_down());
  }
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    Taken& taken = *taken_[i];
    if (taken.peer != peer.address()) continue;
    act(taken, peer.is_up() ? taken.machine.on_link_up(peer.run() == taken.peer_run)
                            : taken.machine.on_link_down(now));
  }
  std::vector<Router*> all;
  for (const auto& router : host_.routers()) all.push_back(router.get());
  const bool reachable =
      std::ranges::any_of(link_.peers(), [](const auto& one) { return one->is_up(); });
  host_.tell(all, vrrp::event::MasterReachable{reachable});
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
  for (std::size_t i = 0; i < given_.size(); ++i) act(*given_[i], given_[i]->machine.end());
  for (std::size_t i = 0; i < taken_.size(); ++i) act(*taken_[i], taken_[i]->machine.end());
  work_.clear();
  timer_.cancel();
  nftables_.reset();
}

}  // namespace baton::failover
