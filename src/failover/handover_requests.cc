// Who wants a move: an operator, the end of this node, another node that returns. Whom it goes to,
// and what becomes of a wish that meets a move already under way: of one instance there is one move
// at a time, and every operator is told what it came to.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "failover/handover_messages.h"
#include "failover/handovers.h"

namespace baton::failover {

namespace {

constexpr std::size_t tickets_max = 64;

using Names = std::vector<std::string>;

bool contains(const Names& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

bool share_one(const Names& some, const Names& others) {
  return std::ranges::any_of(some, [&others](const auto& name) { return contains(others, name); });
}

bool is_within(const Names& some, const Names& others) {
  return std::ranges::all_of(some, [&others](const auto& name) { return contains(others, name); });
}

Names names_of(const Handovers::Faces& routers) {
  Names names;
  for (const RouterFace* router : routers) names.push_back(router->instance().settings().name);
  return names;
}

}  // namespace

void Handovers::answer(std::vector<std::uint64_t>& tickets, bool ok, const std::string& text) {
  for (const std::uint64_t ticket : std::exchange(tickets, {})) {
    world_.pass_ended(ticket, ok, text);
  }
}

// -- whom to --

// Who would be master of these instances next comes first; of equals, the first of the file.
std::vector<HandoverPeer> Handovers::candidates(const Names& instances) const {
  std::vector<HandoverPeer> peers;
  std::vector<unsigned> priorities;
  for (auto& peer : world_.peers()) {
    if (!peer.is_up) continue;
    const unsigned priority = world_.priority_of(peer, instances);
    const auto at = std::ranges::upper_bound(priorities, priority, std::greater<>());
    peers.insert(peers.begin() + (at - priorities.begin()), std::move(peer));
    priorities.insert(at, priority);
  }
  return peers;
}

std::optional<HandoverPeer> Handovers::choose_peer(const Names& instances, const std::string& to,
                                                   std::string& problem) const {
  if (to.empty()) {
    const auto peers = candidates(instances);
    return peers.empty() ? std::nullopt : std::optional(peers.front());
  }
  if (!world_.has_link()) {
    problem = "--to needs the pair link (pair_key and pair_peer)";
    return std::nullopt;
  }
  for (const auto& peer : world_.peers()) {
    if (peer.address.text() != to && peer.name != to) continue;
    if (peer.is_up) return peer;
    problem = fmt::format("there is no link to {}: {}", to, peer.problem);
    return std::nullopt;
  }
  problem = fmt::format("no pair_peer is called {}", to);
  return std::nullopt;
}

std::optional<HandoverPeer> Handovers::next_peer(const Given& given) const {
  if (given.to_this_one) return std::nullopt;
  for (const auto& peer : candidates(given.machine.scope().instances)) {
    const bool tried = peer.address == given.peer ||
                       std::ranges::find(given.tried, peer.address) != given.tried.end();
    if (!tried) return peer;
  }
  return std::nullopt;
}

// -- an operator --

void Handovers::pass(const Faces& routers, const std::string& to, std::uint64_t ticket) {
  std::string problem;
  Order order{.routers = routers, .to_this_one = !to.empty()};
  if (ticket != 0) order.tickets.push_back(ticket);
  const auto peer = choose_peer(names_of(routers), to, problem);
  if (problem.empty() && join(order, peer, problem)) return;
  if (!problem.empty()) return answer(order.tickets, false, problem);
  if (!peer) return pass_plainly(order, why_plain());
  if (!give(*peer, order)) pass_plainly(order, "an instance has no address to send from");
}

// True when a move is under way that does what is wanted: it answers for both. One that does
// something else with these instances is the problem.
bool Handovers::join(Order& order, const std::optional<HandoverPeer>& peer, std::string& problem) {
  const Names names = names_of(order.routers);
  const auto join_in = [&](const Names& moving, std::vector<std::uint64_t>& tickets, bool fits,
                           const std::string& where) {
    if (!fits || !is_within(names, moving) || tickets.size() >= tickets_max) {
      problem = fmt::format("{} {} being passed{} already", fmt::join(moving, ", "),
                            moving.size() == 1 ? "is" : "are", where);
      return false;
    }
    tickets.insert(tickets.end(), order.tickets.begin(), order.tickets.end());
    return true;
  };
  for (const auto& given : given_) {
    const auto& moving = given->machine.scope().instances;
    if (!given->is_under_way() || !share_one(names, moving)) continue;
    const bool fits = !order.to_this_one || (peer && peer->address == given->peer);
    if (!join_in(moving, given->tickets, fits, " to " + given->peer_name)) return false;
    given->to_this_one |= order.to_this_one;
    return true;
  }
  for (const auto& plain : plain_) {
    if (plain->over || plain->cut || !share_one(names, plain->instances)) continue;
    return join_in(plain->instances, plain->tickets, !order.to_this_one && !plain->at_stop, "");
  }
  return false;
}

// -- the end of the node --

bool Handovers::give_at_stop(const Faces& routers) {
  std::string problem;
  Order order{.routers = routers, .at_stop = true};
  const Names names = names_of(routers);
  take_back(names, order);
  const auto peer = choose_peer(names, "", problem);
  if (peer && !routers.empty() && give(*peer, order)) return true;
  answer(order.tickets, false, "this node is stopping");
  return false;
}

// Moves of these instances that have not begun to move anything end, and `order` answers for them.
void Handovers::take_back(const Names& names, Order& order) {
  const auto inherit = [&order](std::vector<std::uint64_t>& tickets) {
    order.tickets.insert(order.tickets.end(), tickets.begin(), tickets.end());
    tickets.clear();
  };
  for (std::size_t i = 0; i < given_.size(); ++i) {
    Given& given = *given_[i];
    if (given.machine.state() != HandoverGiver::State::offering) continue;
    if (!share_one(names, given.machine.scope().instances)) continue;
    inherit(given.tickets);
    withdraw(given);
  }
  for (const auto& plain : plain_) {
    if (plain->yields_at == never || !share_one(names, plain->instances)) continue;
    inherit(plain->tickets);
    plain->yields_at = never;
    plain->over = true;
  }
}

// The taker need not wait for the word to go.
void Handovers::withdraw(Given& given) {
  send(given.peer, PairMessage::handover_done, given.machine.scope().id);
  act(given, given.machine.end());
}

// -- a node that returns --

void Handovers::ask_to_pass(const RouterFace& router) {
  Names names{router.instance().settings().name};
  const std::string& group = router.instance().settings().sync_group;
  for (const RouterFace* other : world_.routers()) {
    if (group.empty() || other == &router) continue;
    const auto& settings = other->instance().settings();
    if (settings.sync_group == group) names.push_back(settings.name);
  }
  for (const auto& peer : world_.peers()) {
    if (!peer.is_up) continue;
    static_cast<void>(world_.send(peer.address, PairMessage::pass_request, encode_names(names)));
  }
}

void Handovers::on_pass_request(const HandoverPeer& from, std::string_view body) {
  const auto names = decode_names(body);
  if (!names || world_.is_stopping()) return;
  Order order{.to_this_one = true};
  for (RouterFace* router : routers_of(*names)) {
    const auto& instance = router->instance();
    if (instance.state() != vrrp::State::master || instance.is_yielding()) return;
    order.routers.push_back(router);
  }
  if (order.routers.empty() || has_other_plans(from, *names)) return;
  take_back(*names, order);
  log_.print(LogLevel::info, "{} asks for {}", from.name, fmt::join(*names, ", "));
  if (!give(from, order)) pass_plainly(order, "an instance has no address to send from");
}

// An offer to nobody in particular goes to who asks instead, for who asks is there. Any other move
// goes on; who has asked will take over by itself in a moment if it still has to.
bool Handovers::has_other_plans(const HandoverPeer& from, const Names& names) const {
  const bool is_given = std::ranges::any_of(given_, [&](const auto& given) {
    const auto& moving = given->machine.scope().instances;
    if (!given->is_under_way() || !share_one(names, moving)) return false;
    return given->machine.state() != HandoverGiver::State::offering || given->to_this_one ||
           given->peer == from.address || !is_within(moving, names);
  });
  return is_given || std::ranges::any_of(plain_, [&](const auto& plain) {
           return !plain->over && !plain->cut && share_one(names, plain->instances);
         });
}

// -- a move that cannot begin any more --

// Before the other node was ready, an address has gone by itself: a better one has taken over, or
// something has failed here.
void Handovers::overtake(Given& given, const Faces& routers) {
  const auto is_elsewhere = [](const RouterFace* router) {
    return router->instance().state() == vrrp::State::backup && router->instance().has_passed();
  };
  const bool has_passed = !routers.empty() && std::ranges::all_of(routers, is_elsewhere);
  const auto lost = std::ranges::find_if(routers, [](const RouterFace* router) {
    return router->instance().state() != vrrp::State::master;
  });
  std::string text = "an instance is no longer configured";
  if (lost != routers.end()) {
    const vrrp::Instance& instance = (*lost)->instance();
    const auto master = instance.master();
    const bool knows = instance.state() == vrrp::State::backup && master;
    text = fmt::format("{} is {} here meanwhile{}", instance.settings().name,
                       vrrp::name_of(instance.state()),
                       knows ? fmt::format(", the master is {}", master->text()) : "");
  }
  log_.print(LogLevel::warning, "handover of {} to {}: {}",
             fmt::join(given.machine.scope().instances, ", "), given.peer_name, text);
  remember(true, given.machine.scope(), given.peer, false, text, 0, given.begun);
  withdraw(given);
  if (given.at_stop) {
    pass_plainly({.routers = routers, .tickets = std::exchange(given.tickets, {}), .at_stop = true},
                 text);
  } else {
    answer(given.tickets, has_passed, text);
  }
}

}  // namespace baton::failover
