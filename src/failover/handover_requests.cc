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

// What goes together: the members of a sync group, and every other one alone.
std::vector<Handovers::Faces> units_of(const Handovers::Faces& routers) {
  std::vector<Handovers::Faces> units;
  for (RouterFace* router : routers) {
    const std::string& group = router->instance().settings().sync_group;
    const auto same = std::ranges::find_if(units, [&group](const Handovers::Faces& unit) {
      return !group.empty() && unit.front()->instance().settings().sync_group == group;
    });
    if (same == units.end()) {
      units.push_back({router});
    } else {
      same->push_back(router);
    }
  }
  return units;
}

bool is_here(const Handovers::Faces& routers) {
  return std::ranges::all_of(routers, [](const RouterFace* router) {
    return router->instance().state() == vrrp::State::master;
  });
}

// Whoever is asked may be another master than the one that was meant.
bool is_better(const PassRequest& request, const vrrp::Instance& instance) {
  if (request.priorities.empty()) return true;
  const auto place = std::ranges::find(request.instances, instance.settings().name);
  return request.priorities.at(static_cast<std::size_t>(place - request.instances.begin())) >
         instance.effective_priority();
}

constexpr const char* no_source = "an instance has no address to send from";

}  // namespace

// -- answers --

// A pass that has become several moves is answered when the last of them has ended.
void Handovers::answer(std::vector<std::uint64_t>& tickets, bool ok, const std::string& text) {
  for (const std::uint64_t ticket : std::exchange(tickets, {})) {
    const auto divided = divided_.find(ticket);
    if (divided == divided_.end()) {
      world_.pass_ended(ticket, ok, text);
      continue;
    }
    Divided& all = divided->second;
    all.ok &= ok;
    all.text += (all.text.empty() ? "" : "; ") + text;
    if (--all.parts > 0) continue;
    const Divided whole = std::move(all);
    divided_.erase(divided);
    world_.pass_ended(ticket, whole.ok, whole.text);
  }
}

// What would have been one answer to each becomes `parts`.
void Handovers::divide(const std::vector<std::uint64_t>& tickets, std::size_t parts) {
  if (parts < 2) return;
  for (const std::uint64_t ticket : tickets) divided_[ticket].parts += parts - 1;
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

std::optional<HandoverPeer> Handovers::find_peer(const std::string& to,
                                                 std::string& problem) const {
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
  std::vector<std::string> known;
  for (const auto& peer : world_.peers()) {
    known.push_back(peer.name.empty() ? peer.address.text()
                                      : fmt::format("{} ({})", peer.address.text(), peer.name));
  }
  problem = fmt::format("no pair_peer is called {}: there {} {}", to,
                        known.size() == 1 ? "is" : "are", fmt::join(known, ", "));
  return std::nullopt;
}

// Each sync group goes to the peer that is the best for it, for that one would take it at once from
// any other; groups of one peer go together. What nobody can be asked for stays in `order`.
std::vector<Handovers::Share> Handovers::share_out(Order& order) {
  std::vector<Share> shares;
  Faces left;
  for (const Faces& unit : units_of(order.routers)) {
    const auto peers = is_here(unit) ? candidates(names_of(unit)) : std::vector<HandoverPeer>();
    const auto best = std::ranges::find_if(peers, [&order](const HandoverPeer& peer) {
      return std::ranges::find(order.tried, peer.address) == order.tried.end();
    });
    Faces* into = &left;
    if (best != peers.end()) {
      auto share = std::ranges::find_if(
          shares, [&best](const Share& one) { return one.peer.address == best->address; });
      if (share == shares.end()) {
        shares.push_back({*best, order});
        share = shares.end() - 1;
        share->order.routers.clear();
      }
      into = &share->order.routers;
    }
    into->insert(into->end(), unit.begin(), unit.end());
  }
  divide(order.tickets, shares.size() + (left.empty() ? 0 : 1));
  if (left.empty() && !shares.empty()) order.tickets.clear();
  order.routers = std::move(left);
  return shares;
}

void Handovers::give_out(const std::vector<Share>& shares) {
  for (const auto& [peer, order] : shares) {
    if (!give(peer, order)) pass_plainly(order, no_source);
  }
}

// -- an operator --

void Handovers::pass(const Faces& routers, const std::string& to, std::uint64_t ticket) {
  std::string problem;
  const auto named = to.empty() ? std::nullopt : find_peer(to, problem);
  Order order{.to_this_one = !to.empty()};
  if (ticket != 0) order.tickets.push_back(ticket);
  std::vector<UnderWay> joined;
  for (const Faces& unit : units_of(routers)) {
    if (!problem.empty()) return answer(order.tickets, false, problem);
    const auto found = find_under_way(names_of(unit), named, problem);
    if (!found) {
      order.routers.insert(order.routers.end(), unit.begin(), unit.end());
    } else if (std::ranges::find(joined, found->tickets, &UnderWay::tickets) == joined.end()) {
      joined.push_back(*found);
    }
  }
  if (!problem.empty()) return answer(order.tickets, false, problem);
  divide(order.tickets, joined.size() + (order.routers.empty() ? 0 : 1));
  for (const auto& [tickets, given] : joined) {
    tickets->insert(tickets->end(), order.tickets.begin(), order.tickets.end());
    if (given) given->to_this_one |= order.to_this_one;
  }
  if (order.routers.empty()) return;
  if (named) return give_out({{*named, order}});
  give_out(share_out(order));
  if (!order.routers.empty()) pass_plainly(order, why_plain());
}

// The move under way that does what is wanted with these instances: it answers for both. One that
// does something else with them is the problem.
std::optional<Handovers::UnderWay> Handovers::find_under_way(
    const Names& names, const std::optional<HandoverPeer>& named, std::string& problem) {
  const auto check = [&](const Names& moving, const UnderWay& move, bool fits,
                         const std::string& where) -> std::optional<UnderWay> {
    if (fits && is_within(names, moving) && move.tickets->size() < tickets_max) return move;
    problem = fmt::format("{} {} being passed{} already", fmt::join(moving, ", "),
                          moving.size() == 1 ? "is" : "are", where);
    return std::nullopt;
  };
  for (const auto& given : given_) {
    const auto& moving = given->machine.scope().instances;
    if (!given->is_under_way() || !share_one(names, moving)) continue;
    return check(moving, {&given->tickets, given.get()}, !named || named->address == given->peer,
                 " to " + given->peer_name);
  }
  for (const auto& plain : plain_) {
    if (plain->over || plain->cut || !share_one(names, plain->instances)) continue;
    return check(plain->instances, {&plain->tickets, nullptr}, !named && !plain->at_stop, "");
  }
  return std::nullopt;
}

// -- the end of the node --

bool Handovers::give_at_stop(const Faces& routers) {
  auto owed = take_back(names_of(routers));
  Order order{.routers = routers, .at_stop = true};
  auto shares = share_out(order);
  std::vector<Order*> orders;
  orders.reserve(shares.size() + 1);
  for (auto& share : shares) orders.push_back(&share.order);
  if (!shares.empty() && !order.routers.empty()) orders.push_back(&order);
  for (auto& [names, tickets] : owed) {
    std::vector<Order*> heirs;
    std::ranges::copy_if(orders, std::back_inserter(heirs), [&names](const Order* one) {
      return share_one(names, names_of(one->routers));
    });
    if (heirs.empty()) answer(tickets, false, "this node is stopping");
    divide(tickets, heirs.size());
    for (Order* heir : heirs) {
      heir->tickets.insert(heir->tickets.end(), tickets.begin(), tickets.end());
    }
  }
  if (shares.empty()) return false;
  give_out(shares);
  if (!order.routers.empty()) pass_plainly(order, why_plain());
  return true;
}

// Moves of these instances that have not begun to move anything end; whose place is taken by others
// has answers to give.
std::vector<Handovers::Owed> Handovers::take_back(const Names& names) {
  std::vector<Owed> owed;
  for (std::size_t i = 0; i < given_.size(); ++i) {
    Given& given = *given_[i];
    const Names& moving = given.machine.scope().instances;
    if (given.machine.state() != HandoverGiver::State::offering) continue;
    if (!share_one(names, moving)) continue;
    owed.push_back({moving, std::exchange(given.tickets, {})});
    withdraw(given);
  }
  for (const auto& plain : plain_) {
    if (plain->yields_at == never || !share_one(names, plain->instances)) continue;
    owed.push_back({plain->instances, std::exchange(plain->tickets, {})});
    plain->yields_at = never;
    plain->over = true;
  }
  return owed;
}

// The taker need not wait for the word to go.
void Handovers::withdraw(Given& given) {
  send(given.peer, PairMessage::handover_done, given.machine.scope().id);
  act(given, given.machine.end());
}

// -- a node that returns --

void Handovers::ask_to_pass(const RouterFace& router) {
  PassRequest request;
  const std::string& group = router.instance().settings().sync_group;
  for (const RouterFace* one : world_.routers()) {
    const auto& settings = one->instance().settings();
    if (one != &router && (group.empty() || settings.sync_group != group)) continue;
    request.instances.push_back(settings.name);
    request.priorities.push_back(one->instance().effective_priority());
  }
  for (const auto& peer : world_.peers()) {
    if (!peer.is_up) continue;
    static_cast<void>(
        world_.send(peer.address, PairMessage::pass_request, encode_request(request)));
  }
}

void Handovers::on_pass_request(const HandoverPeer& from, std::string_view body) {
  const auto request = decode_request(body);
  if (!request) return;
  const Names& names = request->instances;
  bool is_leaving = world_.is_stopping();
  Order order{.to_this_one = true};
  for (RouterFace* router : routers_of(names)) {
    const auto& instance = router->instance();
    if (instance.state() != vrrp::State::master || !is_better(*request, instance)) return;
    is_leaving |= instance.is_yielding();
    order.routers.push_back(router);
  }
  if (order.routers.empty()) return;
  static_cast<void>(world_.send(from.address, PairMessage::pass_reply, encode_names(names)));
  if (is_leaving || has_other_plans(from, names)) return;
  for (const auto& owed : take_back(names)) {
    order.tickets.insert(order.tickets.end(), owed.tickets.begin(), owed.tickets.end());
  }
  log_.print(LogLevel::info, "{} asks for {}", from.name, fmt::join(names, ", "));
  if (!give(from, order)) pass_plainly(order, no_source);
}

// The master has heard the question, whatever it does first.
void Handovers::on_pass_reply(std::string_view body) {
  const auto names = decode_names(body);
  if (names) world_.tell(routers_of(*names), vrrp::event::MasterAnswered{});
}

// An offer to nobody in particular goes to who asks instead, for who asks is there. Any other move
// goes on; who has asked asks the one that is master then, if it still has to.
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

// An address has gone by itself before it was given: a better node has taken over, or something has
// failed here. Nothing when all are here as ever.
std::optional<Handovers::Loss> Handovers::find_loss(const Names& names) const {
  const Faces routers = routers_of(names);
  const auto lost = std::ranges::find_if(routers, [](const RouterFace* router) {
    return router->instance().state() != vrrp::State::master;
  });
  if (lost == routers.end()) {
    if (routers.size() == names.size()) return std::nullopt;
    return Loss{"an instance is no longer configured", false};
  }
  const vrrp::Instance& instance = (*lost)->instance();
  const auto master = instance.master();
  const bool knows = instance.state() == vrrp::State::backup && master;
  const bool has_passed = std::ranges::all_of(routers, [](const RouterFace* router) {
    return router->instance().state() == vrrp::State::backup && router->instance().has_passed();
  });
  return Loss{fmt::format("{} is {} here meanwhile{}", instance.settings().name,
                          vrrp::name_of(instance.state()),
                          knows ? fmt::format(", the master is {}", master->text()) : ""),
              has_passed};
}

void Handovers::overtake(Given& given, const Loss& loss) {
  const std::string& text = loss.text;
  log_.print(LogLevel::warning, "handover of {} to {}: {}",
             fmt::join(given.machine.scope().instances, ", "), given.peer_name, text);
  remember(true, given.machine.scope(), given.peer, false, text, 0, given.begun);
  withdraw(given);
  if (!given.at_stop) return answer(given.tickets, loss.has_passed, text);
  // What is still here can be given.
  Order order{.routers = routers_of(given.machine.scope().instances),
              .tickets = std::exchange(given.tickets, {}),
              .at_stop = true,
              .tried = given.tried};
  give_out(share_out(order));
  if (!order.routers.empty()) pass_plainly(order, text);
}

}  // namespace baton::failover
