// What the machines of a handover ask for, done.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "failover/handover_messages.h"
#include "failover/handovers.h"

namespace baton::failover {

namespace {

template <typename... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

std::string keeper_name(const HandoverScope& scope) {
  return fmt::format("handover {:016x}", scope.id);
}

}  // namespace

void Handovers::act(Given& given, const HandoverActions& actions) {
  using namespace handover_action;
  const HandoverScope& scope = given.machine.scope();
  for (const auto& action : actions) {
    std::visit(Overloaded{
                   [&](const SendOffer&) {
                     static_cast<void>(
                         world_.send(given.peer, PairMessage::handover_offer, encode_offer(scope)));
                   },
                   [&](const Keep&) { keep(given); },
                   [&](const Yield&) { yield(given); },
                   [&](const SendGo&) { send(given.peer, PairMessage::handover_taken, scope.id); },
                   [&](const TakeBack&) {
                     world_.tell(routers_of(scope.instances), vrrp::event::SuccessorLost{});
                   },
                   [&](const Moved&) { announce_move(given); },
                   [&](const SendFlows& list) { look(given, list.last); },
                   [&](const CountFlows&) { look(given, false); },
                   [&](const Unkeep&) { unkeep(given); },
                   [&](const SendDone&) {
                     send(given.peer, PairMessage::handover_done, scope.id, "",
                          given.tally.counts(&MovedConnections::lost));
                     remember(true, scope, given.peer, true, "", given.machine.flows_moved(),
                              given.begun);
                   },
                   [&](const Failed& failed) { fail(given, failed); },
                   [](const auto&) {},
               },
               action);
  }
}

void Handovers::yield(Given& given) {
  const auto routers = routers_of(given.machine.scope().instances);
  if (given.at_stop) {
    world_.tell(routers, vrrp::event::Stop{true, true});
  } else {
    world_.tell(routers, vrrp::event::Pass{true});
  }
  given.has_yielded = true;
}

void Handovers::announce_move(Given& given) {
  const std::string text =
      fmt::format("{} passed to {} in {:.0f} ms", fmt::join(given.machine.scope().instances, ", "),
                  given.peer_name, to_seconds(world_.now() - given.begun) * 1000);
  log_.write(LogLevel::info, text);
  tell_leaving();
  answer(given.tickets, true, text);
}

void Handovers::unkeep(Given& given) {
  if (!holds_any(given.machine.scope())) {
    // Not taken back, so what is left is cut.
    given.tally.reset(&MovedConnections::lost, 0);
    given.tally.set(given.left, &MovedConnections::lost);
    record(given.tally, false);
  }
  world_.unkeep(keeper_name(given.machine.scope()));
  given.silent.clear();
  rewrite_kept();
  tell_leaving();
}

// Another node is asked, or VRRP alone does it, or it is not done.
void Handovers::fail(Given& given, const handover_action::Failed& failed) {
  const HandoverScope& scope = given.machine.scope();
  log_.print(LogLevel::warning, "handover of {} to {}: {}", fmt::join(scope.instances, ", "),
             given.peer_name, failed.why);
  remember(true, scope, given.peer, false, failed.why, 0, given.begun);
  const auto routers = routers_of(scope.instances);
  const bool nobody = failed.why == handover_action::nobody_took_over;
  const bool has_yielded = std::ranges::any_of(
      routers, [](const RouterFace* router) { return router->instance().is_yielding(); });
  Order order{.routers = routers,
              .tickets = std::exchange(given.tickets, {}),
              .at_stop = given.at_stop,
              .tried = given.tried};
  order.tried.push_back(given.peer);
  if (!given.to_this_one && !has_yielded && !nobody) give_out(share_out(order));
  if (order.routers.empty()) return answer(order.tickets, false, failed.why);
  // At a stop also when an earlier pass is under way, which would end as BACKUP.
  if (given.at_stop || (!failed.refused && !has_yielded && !nobody)) {
    pass_plainly(order, failed.why);
  } else {
    answer(order.tickets, false, failed.why);
  }
}

void Handovers::act(Taken& taken, const HandoverActions& actions) {
  using namespace handover_action;
  const HandoverScope& scope = taken.machine.scope();
  for (const auto& action : actions) {
    std::visit(Overloaded{
                   [&](const CatchAll&) { prepare(taken); },
                   [&](const SendReady&) {
                     taken.ready_wanted = true;
                     if (taken.is_prepared) {
                       send(taken.peer, PairMessage::handover_ready, scope.id, "",
                            taken.tally.counts(&MovedConnections::moved));
                     }
                   },
                   [&](const TakeOver&) {
                     world_.tell(routers_of(scope.instances),
                                 vrrp::event::TakeOver{taken.peer_name});
                   },
                   [&](const ForwardFlows&) {
                     for (auto& caught : taken.caught) caught.catching = false;
                     rewrite_caught();
                     record(taken.tally, true);
                     tell_owed();
                     log_.print(LogLevel::info, "{} connections of {} stay with {}",
                                taken.machine.flows_moved(), fmt::join(scope.instances, ", "),
                                taken.peer_name);
                   },
                   [&](const RemoveRules&) {
                     if (!taken.is_done && is_gone(taken)) taken.tally.lose_kept();
                     record(taken.tally, true);
                     taken.caught.clear();
                     rewrite_caught();
                     if (taken.has_sets) {
                       static_cast<void>(world_.filter(remove_sets(taken.set), "sets"));
                     }
                     taken.has_sets = false;
                     remember(false, scope, taken.peer, true, "", taken.machine.flows_moved(),
                              taken.begun);
                     tell_owed();
                   },
                   [](const auto&) {},
               },
               action);
  }
}

// Whether the giver that is known is no more: what lived there is cut.
bool Handovers::is_gone(const Taken& taken) const {
  const auto peers = world_.peers();
  const auto peer = std::ranges::find(peers, taken.peer, &HandoverPeer::address);
  return peer == peers.end() || !peer->is_up || peer->run != taken.peer_run;
}

bool Handovers::holds_any(const HandoverScope& scope) const {
  const auto routers = routers_of(scope.instances);
  return std::ranges::any_of(routers, [](const RouterFace* router) {
    return router->instance().state() == vrrp::State::master;
  });
}

void Handovers::send(const net::IpAddress& peer, PairMessage type, std::uint64_t id,
                     const std::string& why, ConnectionCounts connections) {
  const std::string text = encode_note({id, why, std::move(connections)});
  static_cast<void>(world_.send(peer, type, text));
}

// The loopback first: there is no moment in which the address is nowhere.
void Handovers::keep(Given& given) {
  world_.keep(keeper_name(given.machine.scope()), given.kept);
  rewrite_kept();
}

// As an ordinary master, who answers for it.
bool Handovers::is_held(const net::IpAddress& address) const {
  return std::ranges::any_of(world_.routers(), [&address](const auto& router) {
    const auto& instance = router->instance();
    return instance.state() == vrrp::State::master && !instance.is_yielding() &&
           std::ranges::any_of(router->held(), [&address](const HeldAddress& held) {
             return held.prefix.address == address;
           });
  });
}

void Handovers::tell_leaving() {
  std::vector<net::IpAddress> leaving;
  for (const auto& given : given_) {
    if (given->machine.state() != HandoverGiver::State::serving) continue;
    const auto& addresses = given->machine.scope().addresses;
    std::ranges::copy_if(addresses, std::back_inserter(leaving),
                         [this](const net::IpAddress& one) { return !is_held(one); });
  }
  world_.addresses_leave(leaving, false);
}

void Handovers::rewrite_kept() {
  std::vector<KeptAddress> silent;
  for (const auto& given : given_) {
    using State = HandoverGiver::State;
    const State state = given->machine.state();
    if (state != State::moving && state != State::serving) continue;
    for (const auto& kept : given->silent) {
      if (!given->has_yielded || !is_held(kept.address)) silent.push_back(kept);
    }
  }
  if (silent.empty() && !kept_table_) return;
  kept_table_ = world_.filter(kept_rules(silent), "silence").has_value() && !silent.empty();
}

// -- the taker's rules --

// False when the kernel refuses; the rules are then as before.
bool Handovers::rewrite_caught() {
  if (!caught_table_) return true;
  std::vector<CaughtAddress> all;
  std::set<std::string> devices;
  for (const auto& taken : taken_) {
    if (!taken->knows_own) continue;
    for (const auto& caught : taken->caught) {
      all.push_back(caught);
      devices.insert(caught.device);
    }
  }
  for (const auto& stragglers : stragglers_) {
    for (CaughtAddress caught : stragglers.caught) {
      if (!stragglers_set_) break;
      caught.set = *stragglers_set_;
      devices.insert(caught.device);
      all.push_back(std::move(caught));
    }
  }
  std::string text;
  for (const auto& device : chains_) {
    if (devices.contains(device)) continue;
    text += fmt::format("delete chain netdev {} on_{}\n", rules_table, device);
  }
  text += caught_rules(all);
  const bool done = world_.filter(text, "rules").has_value();
  if (done) chains_ = std::move(devices);
  return done;
}

// -- time --

void Handovers::review() {
  if (reviewing_ || (given_.empty() && taken_.empty() && plain_.empty() && waiting_.empty())) {
    return;
  }
  reviewing_ = true;
  const Instant now = world_.now();
  for (std::size_t i = 0; i < given_.size(); ++i) {
    Given& given = *given_[i];
    if (given.machine.state() == HandoverGiver::State::over) continue;
    if (given.machine.state() == HandoverGiver::State::offering) {
      if (const auto loss = find_loss(given.machine.scope().instances)) overtake(given, *loss);
      continue;
    }
    std::size_t masters = 0;
    std::size_t yielding = 0;
    const auto routers = routers_of(given.machine.scope().instances);
    for (const RouterFace* router : routers) {
      masters += router->instance().state() == vrrp::State::master ? 1 : 0;
      yielding += router->instance().is_yielding() ? 1 : 0;
    }
    if (masters == 0) {
      act(given, given.machine.on_successor_there(now));
    } else if (yielding == 0 && masters == routers.size()) {
      act(given, given.machine.on_still_master(now));
    }
    // Some have come back and others have not: those answer for their addresses again.
    const std::size_t back = masters - yielding;
    if (given.has_yielded && std::exchange(given.back, back) != back) {
      rewrite_kept();
      tell_leaving();
    }
  }
  for (std::size_t i = 0; i < plain_.size(); ++i) review_plain(*plain_[i], now);
  review_waiting();
  reviewing_ = false;
  arm();
}

void Handovers::on_timer() {
  const Instant now = world_.now();
  for (std::size_t i = 0; i < given_.size(); ++i) {
    if (given_[i]->machine.deadline() <= now) act(*given_[i], given_[i]->machine.on_tick(now));
  }
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    if (taken_[i]->machine.deadline() <= now) act(*taken_[i], taken_[i]->machine.on_tick(now));
  }
  for (std::size_t i = 0; i < plain_.size(); ++i) {
    if (plain_[i]->yields_at <= now) begin_plain(*plain_[i]);
  }
  end_stragglers(now);
  std::erase_if(waiting_, [now](const Waiting& one) { return one.until <= now; });
  sweep();
  arm();
}

// Only from the timer: nobody is in the middle of one then.
void Handovers::sweep() {
  std::erase_if(given_, [](const auto& given) {
    return given->machine.state() == HandoverGiver::State::over;
  });
  std::erase_if(taken_, [](const auto& taken) {
    return taken->machine.state() == HandoverTaker::State::over;
  });
  std::erase_if(plain_, [](const auto& plain) { return plain->over; });
  if (taken_.empty() && stragglers_.empty() && caught_table_) {
    static_cast<void>(
        world_.filter(fmt::format("delete table netdev {}\n", rules_table), "the end"));
    caught_table_ = false;
    chains_.clear();
  }
}

void Handovers::arm() {
  Instant next = never;
  for (const auto& given : given_) {
    const bool over = given->machine.state() == HandoverGiver::State::over;
    next = std::min(next, over ? world_.now() : given->machine.deadline());
  }
  for (const auto& taken : taken_) {
    const bool over = taken->machine.state() == HandoverTaker::State::over;
    next = std::min(next, over ? world_.now() : taken->machine.deadline());
  }
  for (const auto& plain : plain_) {
    next = std::min(next, plain->over ? world_.now() : plain->yields_at);
  }
  for (const auto& stragglers : stragglers_) next = std::min(next, stragglers.end);
  for (const auto& one : waiting_) next = std::min(next, one.until);
  world_.wake_at(next);
}

void Handovers::remember(bool is_given, const HandoverScope& scope, const net::IpAddress& peer,
                         bool ok, std::string text, std::size_t flows, Instant begun) {
  const Instant now = world_.now();
  past_.push_back(
      {now, is_given, scope.instances, peer.text(), ok, std::move(text), flows, now - begun});
  if (past_.size() > past_max) past_.pop_front();
}

}  // namespace baton::failover
