// The lists of connections of a handover: read from the kernel, told, put into rules, counted.
// Everything here is done in pieces of a millisecond or so (piecewise_work.h).

#include <algorithm>

#include "failover/handovers.h"

namespace baton::failover {

namespace {

constexpr std::size_t flows_in_a_message = 512;

}  // namespace

// -- giver --

void Handovers::look(Given& given, bool last) {
  // Who forwards for others passes on what they have said; their last word comes first.
  given.last_owed |= last;
  last = given.last_owed && std::ranges::none_of(taken_, [&given](const auto& taken) {
           return taken->machine.state() == HandoverTaker::State::catching &&
                  is_relayed(given, *taken);
         });
  if (last) given.last_owed = false;
  if (given.look) {
    given.look_again = last || given.look_again.value_or(false);
    return;
  }
  const HandoverScope& scope = given.machine.scope();
  auto listing = world_.list_flows(scope.addresses);
  if (!listing) {
    log_.print(LogLevel::error, "handover: {}", describe(listing.error()));
    return;
  }
  given.look.emplace(Given::Look{std::move(*listing), {scope.id, false, {}}, 0, given.tally, last});
  given.look->left.reset(&MovedConnections::kept, 0);
  world_.work([this, id = scope.id] {
    Given* known = find_given(id);
    return known && look_on(*known);
  });
}

// Tells only what was not told yet: it is looked many times.
bool Handovers::look_on(Given& given) {
  if (given.machine.state() == HandoverGiver::State::over) return false;
  Given::Look& look = *given.look;
  const auto more = look.listing->read_some([&](const SeenFlow& seen) {
    const Flow& found = seen.flow;
    if (!seen.is_settled) {
      ++look.count;
      look.left.count(found.local.address, &MovedConnections::kept);
    }
    if (given.told.size() >= moved_flows_max || !given.told.insert(found).second) return;
    given.tally.count(found.local.address, &MovedConnections::kept);
    look.list.flows.push_back(found);
    if (look.list.flows.size() == flows_in_a_message) tell_flows(given);
  });
  if (more && *more) return true;
  end_look(given, more ? Status{} : Status(std::unexpected(more.error())));
  return false;
}

// With three nodes: connections that this one forwards to another than the taker. The taker sends
// them here, and from here they go on, until that other one says that it has none.
void Handovers::look_at_relayed(Given& given) {
  using State = HandoverTaker::State;
  const auto& addresses = given.machine.scope().addresses;
  for (const auto& taken : taken_) {
    const State state = taken->machine.state();
    if (state != State::catching && state != State::forwarding) continue;
    if (!is_relayed(given, *taken)) continue;
    for (const Flow& flow : taken->moved) {
      if (std::ranges::find(addresses, flow.local.address) == addresses.end()) continue;
      ++given.look->count;
      if (given.told.size() >= moved_flows_max || !given.told.insert(flow).second) continue;
      given.look->list.flows.push_back(flow);
      if (given.look->list.flows.size() == flows_in_a_message) tell_flows(given);
    }
  }
}

bool Handovers::is_relayed(const Given& given, const Taken& taken) {
  if (taken.peer == given.peer) return false;
  const auto& passed = given.machine.scope().addresses;
  return std::ranges::any_of(taken.machine.scope().addresses, [&passed](const auto& address) {
    return std::ranges::find(passed, address) != passed.end();
  });
}

// What a last list had to wait for may be here.
void Handovers::tell_owed() {
  for (std::size_t i = 0; i < given_.size(); ++i) {
    Given& given = *given_[i];
    if (!given.last_owed || given.machine.state() != HandoverGiver::State::serving) continue;
    look(given, true);
  }
}

void Handovers::tell_flows(Given& given) {
  FlowList& list = given.look->list;
  const Status sent = world_.send(given.peer, PairMessage::handover_flows, encode_flows(list));
  // The next look tells them again.
  if (!sent) {
    for (const Flow& flow : list.flows) given.told.erase(flow);
  }
  list.flows.clear();
}

void Handovers::end_look(Given& given, const Status& how) {
  if (how) {
    look_at_relayed(given);
    given.look->list.last = given.look->last;
    if (given.look->last || !given.look->list.flows.empty()) tell_flows(given);
    given.left = given.look->left.counts(&MovedConnections::kept);
  } else {
    log_.print(LogLevel::error, "handover: {}", describe(how.error()));
  }
  const std::size_t count = given.look->count;
  given.look.reset();
  record(given.tally, false);
  // As long as more may have to be relayed, none is not the end.
  if (how && !given.last_owed) act(given, given.machine.on_flows(count, world_.now()));
  const auto again = std::exchange(given.look_again, std::nullopt);
  if (again && given.machine.state() == HandoverGiver::State::serving) look(given, *again);
  arm();
}

// -- taker --

void Handovers::prepare(Taken& taken) {
  auto listing = world_.list_flows(taken.machine.scope().addresses);
  const bool possible =
      listing && world_
                     .filter(make_sets(taken.set, taken.machine.scope().timeout +
                                                      HandoverTaker::giver_patience),
                             "sets")
                     .has_value();
  if (possible) {
    taken.has_sets = true;
    caught_table_ = true;
    taken.own_listing = std::move(*listing);
  }
  world_.work([this, set = taken.set] {
    Taken* known = find_taken(set);
    return known && prepare_on(*known);
  });
}

// Connections that are served here for an earlier handover the other way round stay here.
bool Handovers::prepare_on(Taken& taken) {
  if (taken.machine.state() != HandoverTaker::State::prepared) return false;
  if (!taken.has_sets) {
    end_prepare(taken, false);
    return false;
  }
  if (taken.own_listing) {
    const auto more = taken.own_listing->read_some([&taken](const SeenFlow& seen) {
      taken.own.push_back(seen.flow);
      taken.own_known.insert(taken.own.back());
      if (!seen.is_settled) taken.tally.count(seen.flow.local.address, &MovedConnections::moved);
    });
    if (more && *more) return true;
    taken.own_listing.reset();
    if (more) return true;
    log_.print(LogLevel::error, "handover: {}", describe(more.error()));
    end_prepare(taken, false);
    return false;
  }
  if (!taken.own.empty()) {
    const std::size_t count = std::min(taken.own.size(), flows_in_a_turn);
    const std::span<const Flow> piece = std::span(taken.own).last(count);
    const Status added = world_.filter(add_flows(taken.set, FlowSet::own, piece), "connections");
    taken.own.resize(taken.own.size() - count);
    if (added) return true;
    end_prepare(taken, false);
    return false;
  }
  taken.knows_own = true;
  end_prepare(taken, rewrite_caught());
  return false;
}

void Handovers::end_prepare(Taken& taken, bool possible) {
  const std::uint64_t id = taken.machine.scope().id;
  if (!possible) {
    // Without rules connections are lost, and the rest works.
    send(taken.peer, PairMessage::handover_refused, id);
    act(taken, taken.machine.end());
  } else {
    taken.is_prepared = true;
    if (taken.ready_wanted) {
      send(taken.peer, PairMessage::handover_ready, id, "",
           taken.tally.counts(&MovedConnections::moved));
    }
    // What an earlier one has left is the giver's again; its rules go now that the new ones stand.
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      Taken& other = *taken_[i];
      if (other.set >= taken.set || other.peer != taken.peer) continue;
      if (other.machine.scope().instances == taken.machine.scope().instances) {
        act(other, other.machine.end());
      }
    }
  }
  arm();
}

// One piece of the lists that have come into the rules.
bool Handovers::forward_on(Taken& taken) {
  if (taken.lists.empty() || !taken.has_sets) return false;
  FlowList& list = taken.lists.front();
  const std::size_t count = std::min(list.flows.size(), flows_in_a_turn);
  // With three nodes, what lives here may come back as something that the giver relays.
  std::vector<Flow> piece;
  for (const Flow& flow : std::span(list.flows).last(count)) {
    if (!taken.own_known.contains(flow)) piece.push_back(flow);
  }
  static_cast<void>(world_.filter(add_flows(taken.set, FlowSet::moved, piece), "connections"));
  for (const Flow& flow : piece) taken.tally.count(flow.local.address, &MovedConnections::kept);
  taken.moved.insert(taken.moved.end(), piece.begin(), piece.end());
  list.flows.resize(list.flows.size() - count);
  taken.flows_waiting -= count;
  const bool last = list.last && list.flows.empty();
  if (list.flows.empty()) taken.lists.pop_front();
  act(taken, taken.machine.on_flows(piece.size(), last, world_.now()));
  if (taken.lists.empty()) record(taken.tally, true);
  arm();
  return !taken.lists.empty();
}

// -- both --

void Handovers::record(ConnectionTally& tally, bool is_taker) {
  for (auto& entry : tally.entries()) {
    if (entry.flight == 0) {
      const auto routers = routers_of({entry.instance});
      const bool is_master =
          !routers.empty() && routers.front()->instance().state() == vrrp::State::master;
      if (routers.empty() || is_master != is_taker) continue;
      entry.flight = recorder_.last_flight(entry.instance);
    }
    recorder_.note_connections(entry.flight, entry.counts);
  }
}

}  // namespace baton::failover
