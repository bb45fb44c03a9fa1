// What the machines of a handover ask for, done.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "failover/handover_messages.h"
#include "failover/handovers.h"
#include "linux/tcp_flows.h"

namespace baton::failover {

namespace {

// Of the kernel's packet filter in one go, so that the loop is not held up for long.
constexpr std::size_t flows_at_once = 512;

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
  const auto took = [&] { return loop_.refresh_now() - given.begun; };
  for (const auto& action : actions) {
    std::visit(
        Overloaded{
            [&](const SendOffer&) {
              static_cast<void>(
                  link_.send(given.peer, PairMessage::handover_offer, encode_offer(scope)));
            },
            [&](const Keep&) { keep(given); },
            [&](const Yield&) {
              const auto routers = routers_of(scope.instances);
              if (given.at_stop) {
                host_.tell(routers, vrrp::event::Stop{true, true});
              } else {
                host_.tell(routers, vrrp::event::Pass{true});
              }
            },
            [&](const SendGo&) { send(given.peer, PairMessage::handover_taken, scope.id); },
            [&](const Moved&) {
              const std::string text =
                  fmt::format("{} passed to {} in {:.0f} ms", fmt::join(scope.instances, ", "),
                              given.peer_name, to_seconds(took()) * 1000);
              log_.write(LogLevel::info, text);
              tell_leaving();
              if (given.ticket != 0) host_.pass_ended(std::exchange(given.ticket, 0), true, text);
            },
            [&](const SendFlows& list) { send_flows(given, list.last); },
            [&](const CountFlows&) { send_flows(given, false); },
            [&](const Unkeep&) {
              guard_.release(keeper_name(scope));
              given.silent.clear();
              rewrite_kept();
              tell_leaving();
            },
            [&](const SendDone&) {
              send(given.peer, PairMessage::handover_done, scope.id);
              remember(true, scope, given.peer, true, "", given.machine.flows_moved(), given.begun);
            },
            [&](const Failed& failed) {
              log_.print(LogLevel::warning, "handover of {} to {}: {}",
                         fmt::join(scope.instances, ", "), given.peer_name, failed.why);
              remember(true, scope, given.peer, false, failed.why, 0, given.begun);
              const auto routers = routers_of(scope.instances);
              const bool has_yielded = std::ranges::any_of(
                  routers, [](const Router* router) { return router->instance().is_yielding(); });
              if (failed.refused && !given.at_stop) {
                if (given.ticket != 0) {
                  host_.pass_ended(std::exchange(given.ticket, 0), false, failed.why);
                }
              } else if (!has_yielded && failed.why != "nobody took over") {
                pass_plainly(routers, std::exchange(given.ticket, 0), given.at_stop);
              } else if (given.ticket != 0) {
                host_.pass_ended(std::exchange(given.ticket, 0), false, failed.why);
              }
            },
            [](const auto&) {},
        },
        action);
  }
}

void Handovers::act(Taken& taken, const HandoverActions& actions) {
  using namespace handover_action;
  const HandoverScope& scope = taken.machine.scope();
  bool ready = true;
  for (const auto& action : actions) {
    std::visit(
        Overloaded{
            [&](const CatchAll&) { ready = catch_all(taken); },
            [&](const SendReady&) {
              // Without rules connections are lost, and the rest works.
              send(taken.peer, ready ? PairMessage::handover_ready : PairMessage::handover_refused,
                   scope.id);
            },
            [&](const TakeOver&) {
              host_.tell(routers_of(scope.instances), vrrp::event::TakeOver{taken.peer_name});
            },
            [&](const ForwardFlows&) {
              for (auto& caught : taken.caught) caught.catching = false;
              rewrite_caught();
              log_.print(LogLevel::info, "{} connections of {} stay with {}",
                         taken.machine.flows_moved(), fmt::join(scope.instances, ", "),
                         taken.peer_name);
            },
            [&](const RemoveRules&) {
              taken.caught.clear();
              rewrite_caught();
              if (taken.has_sets) {
                static_cast<void>(filter(remove_sets(taken.set), "sets"));
              }
              taken.has_sets = false;
              remember(false, scope, taken.peer, true, "", taken.machine.flows_moved(),
                       taken.begun);
            },
            [](const auto&) {},
        },
        action);
  }
  if (!ready) act(taken, taken.machine.end());
}

void Handovers::send(const net::IpAddress& peer, PairMessage type, std::uint64_t id,
                     const std::string& why) {
  static_cast<void>(link_.send(peer, type, encode_note({id, why})));
}

// The loopback first: there is no moment in which the address is nowhere.
void Handovers::keep(Given& given) {
  guard_.hold(keeper_name(given.machine.scope()), given.kept);
  rewrite_kept();
}

void Handovers::tell_leaving() {
  std::vector<net::IpAddress> leaving;
  for (const auto& given : given_) {
    if (given->machine.state() != HandoverGiver::State::serving) continue;
    const auto& addresses = given->machine.scope().addresses;
    leaving.insert(leaving.end(), addresses.begin(), addresses.end());
  }
  host_.addresses_leave(leaving);
}

void Handovers::rewrite_kept() {
  std::vector<KeptAddress> silent;
  for (const auto& given : given_) {
    using State = HandoverGiver::State;
    const State state = given->machine.state();
    if (state != State::moving && state != State::serving) continue;
    silent.insert(silent.end(), given->silent.begin(), given->silent.end());
  }
  if (silent.empty() && !kept_table_) return;
  kept_table_ = filter(kept_rules(silent), "silence").has_value() && !silent.empty();
}

// Only what was not told yet: the list is looked at many times.
void Handovers::send_flows(Given& given, bool last) {
  const HandoverScope& scope = given.machine.scope();
  std::size_t count = 0;
  FlowList list{scope.id, false, {}};
  const auto flush = [&] {
    static_cast<void>(link_.send(given.peer, PairMessage::handover_flows, encode_flows(list)));
    list.flows.clear();
  };
  const Status looked = linux::visit_tcp_flows(scope.addresses, [&](const linux::TcpFlow& flow) {
    if (!flow.is_settled) ++count;
    const Flow found{flow.remote, flow.local};
    if (given.told.size() >= moved_flows_max || !given.told.insert(found).second) return;
    list.flows.push_back(found);
    if (list.flows.size() == flows_at_once) flush();
  });
  if (!looked) {
    log_.print(LogLevel::error, "handover: {}", describe(looked.error()));
    return;
  }
  list.last = last;
  if (last || !list.flows.empty()) flush();
  act(given, given.machine.on_flows(count, loop_.refresh_now()));
}

// -- the taker's rules --

bool Handovers::catch_all(Taken& taken) {
  if (!filter(make_sets(taken.set, taken.machine.scope().timeout), "sets")) return false;
  taken.has_sets = true;
  caught_table_ = true;
  // Connections that are served here for an earlier handover the other way round.
  std::vector<Flow> own;
  const auto looked = linux::visit_tcp_flows(
      taken.machine.scope().addresses,
      [&own](const linux::TcpFlow& flow) { own.push_back({flow.remote, flow.local}); });
  if (!looked) return false;
  if (!filter(add_flows(taken.set, FlowSet::own, own), "connections")) return false;
  return rewrite_caught();
}

// False when the kernel refuses; the rules are then as before.
bool Handovers::rewrite_caught() {
  if (!caught_table_) return true;
  std::vector<CaughtAddress> all;
  std::set<std::string> devices;
  for (const auto& taken : taken_) {
    for (const auto& caught : taken->caught) {
      all.push_back(caught);
      devices.insert(caught.device);
    }
  }
  std::string text;
  for (const auto& device : chains_) {
    if (devices.contains(device)) continue;
    text += fmt::format("delete chain netdev {} on_{}\n", rules_table, device);
  }
  text += caught_rules(all);
  const bool done = filter(text, "rules").has_value();
  if (done) chains_ = std::move(devices);
  return done;
}

Status Handovers::filter(const std::string& commands, const char* what) {
  if (commands.empty()) return {};
  if (!nftables_) {
    auto opened = linux::Nftables::open();
    if (!opened) return std::unexpected(opened.error());
    nftables_ = std::move(*opened);
  }
  const Status done = nftables_->run(commands);
  if (!done) {
    log_.print(LogLevel::error, "handover: the packet filter does not take {}: {}", what,
               nftables_->last_problem());
  }
  return done;
}

// -- time --

void Handovers::review() {
  if (reviewing_ || (given_.empty() && taken_.empty() && plain_.empty())) return;
  reviewing_ = true;
  const Instant now = loop_.refresh_now();
  for (std::size_t i = 0; i < given_.size(); ++i) {
    Given& given = *given_[i];
    if (given.machine.state() == HandoverGiver::State::over) continue;
    std::size_t masters = 0;
    std::size_t yielding = 0;
    const auto routers = routers_of(given.machine.scope().instances);
    for (const Router* router : routers) {
      masters += router->instance().state() == vrrp::State::master ? 1 : 0;
      yielding += router->instance().is_yielding() ? 1 : 0;
    }
    if (masters == 0) {
      act(given, given.machine.on_successor_there(now));
    } else if (yielding == 0 && masters == routers.size() &&
               given.machine.state() != HandoverGiver::State::offering) {
      act(given, given.machine.on_still_master(now));
    }
  }
  for (auto& plain : plain_) {
    const auto routers = routers_of(plain->instances);
    const auto is_yielding = [](const Router* r) { return r->instance().is_yielding(); };
    if (std::ranges::any_of(routers, is_yielding)) continue;
    const bool moved = std::ranges::none_of(routers, [](const Router* router) {
      return router->instance().state() == vrrp::State::master;
    });
    std::string text = "nobody took over: the addresses stay here";
    if (moved && !routers.empty()) {
      const auto master = routers.front()->instance().master();
      text = fmt::format("{} passed to {} in {:.0f} ms", fmt::join(plain->instances, ", "),
                         master ? master->text() : "another node",
                         to_seconds(now - plain->begun) * 1000);
    }
    host_.addresses_leave({});
    if (plain->ticket != 0) host_.pass_ended(plain->ticket, moved, text);
    plain.reset();
  }
  std::erase(plain_, nullptr);
  reviewing_ = false;
  arm();
}

void Handovers::on_timer() {
  const Instant now = loop_.refresh_now();
  for (std::size_t i = 0; i < given_.size(); ++i) {
    if (given_[i]->machine.deadline() <= now) act(*given_[i], given_[i]->machine.on_tick(now));
  }
  for (std::size_t i = 0; i < taken_.size(); ++i) {
    if (taken_[i]->machine.deadline() <= now) act(*taken_[i], taken_[i]->machine.on_tick(now));
  }
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
  if (taken_.empty() && caught_table_) {
    static_cast<void>(filter(fmt::format("delete table netdev {}\n", rules_table), "the end"));
    caught_table_ = false;
    chains_.clear();
  }
}

void Handovers::arm() {
  Instant next = never;
  for (const auto& given : given_) {
    const bool over = given->machine.state() == HandoverGiver::State::over;
    next = std::min(next, over ? loop_.now() : given->machine.deadline());
  }
  for (const auto& taken : taken_) {
    const bool over = taken->machine.state() == HandoverTaker::State::over;
    next = std::min(next, over ? loop_.now() : taken->machine.deadline());
  }
  timer_.arm(next);
}

void Handovers::remember(bool is_given, const HandoverScope& scope, const net::IpAddress& peer,
                         bool ok, std::string text, std::size_t flows, Instant begun) {
  const Instant now = loop_.refresh_now();
  past_.push_back(
      {now, is_given, scope.instances, peer.text(), ok, std::move(text), flows, now - begun});
  if (past_.size() > past_max) past_.pop_front();
}

}  // namespace baton::failover
