// Judgements about handovers: nothing of one is left behind, nobody answers for what another one
// holds, connections stay, and the operator is told the truth.

#include <fmt/format.h>

#include <algorithm>

#include "simulation/checkers.h"

namespace baton::simulation {

namespace {

// An answer may take: until the other node does not answer, then until nobody takes over, then a
// plain pass.
constexpr Duration answer_longest =
    failover::HandoverGiver::ready_patience + failover::HandoverGiver::move_patience + 8s;
constexpr Duration look_interval = 7ms;
constexpr Duration silence_patience = 20ms;

}  // namespace

void Judges::review_handovers() {
  for (Host& host : around_.hosts) {
    if (!host.running() || !host.awake() || !host.pair()) continue;
    review_leftovers(host);
    review_silence(host);
    review_answers(host);
  }
  if (connections_in_ != disturbances_ || around_.now - looked_at_connections_ < look_interval) {
    return;
  }
  looked_at_connections_ = around_.now;
  for (Host& host : around_.hosts) review_connections(host);
}

// By name, so that one handover after the other is not one that never ends.
void Judges::review_leftovers(const Host& host) {
  const PairNode& pair = *host.pair();
  if (pair.kept().empty() && pair.packet_filter().is_empty()) return;
  // What a kernel has refused to remove goes with the process.
  if (filter_refused_) return;
  std::vector<std::string> names = pair.packet_filter().sets();
  for (const auto& [name, addresses] : pair.kept()) names.push_back(name);
  // A table without sets, or without an address that it is about.
  const auto& tables = pair.packet_filter().tables();
  if (names.empty()) names.insert(names.end(), tables.begin(), tables.end());
  for (auto& name : names) name = fmt::format("{} {}", host.run(), name);
  const Duration longest = around_.plan.handover_timeout * 21 / 20 + 35s;
  std::erase_if(leftovers_, [&](const auto& entry) {
    return entry.first.first == host.index() &&
           std::ranges::find(names, entry.first.second) == names.end();
  });
  for (const auto& name : names) {
    const auto [entry, is_new] = leftovers_.try_emplace({host.index(), name}, around_.now);
    if (is_new) judged(Checker::leftovers);
    // The clock of a host that sleeps stands still.
    const Instant since = std::max(entry->second, awake_since_[host.index()]);
    if (around_.now - since < longest || host.filter_refuses > 0) continue;
    complain(Checker::leftovers,
             fmt::format("host {} still has \"{}\" of a handover", host.index(), name));
  }
}

void Judges::filter_failed(const Host& host, const std::string& commands) {
  // What a kernel has refused before may be missing now.
  if (filter_refused_) return;
  complain(Checker::leftovers, fmt::format("host {}: the packet filter cannot do \"{}\"",
                                           host.index(), commands.substr(0, 120)));
}

// IPv6 has no rules: nobody answers for an address of another link. The routers of one handover end
// their yielding one after the other, at the same moment.
void Judges::review_silence(const Host& host) {
  const PairNode& pair = *host.pair();
  for (const auto& router : host.routers()) {
    Instant& since = wrong_since_[host.index()][router.index];
    const net::IpAddress& address = router.instance.settings().addresses[0];
    const bool concerned = !pair.kept().empty() || !pair.packet_filter().is_empty();
    if (!concerned || !address.is_ipv4() || filter_refused_) {
      since = never;
      continue;
    }
    judged(Checker::silence);
    const bool on_link = std::ranges::find(router.kernel, address) != router.kernel.end();
    const bool silent = pair.packet_filter().is_silent(address);
    const auto& instance = router.instance;
    const bool is_master = instance.state() == vrrp::State::master && !instance.is_yielding();
    const bool betrays = pair.answers_for(address) && !on_link && !silent;
    if (!betrays && !(silent && is_master)) {
      since = never;
      continue;
    }
    since = std::max(std::min(since, around_.now), awake_since_[host.index()]);
    if (around_.now - since <= silence_patience) continue;
    complain(Checker::silence, fmt::format("host {} {} {}", host.index(),
                                           betrays ? "answers, for a handover only, for"
                                                   : "is master and does not answer for",
                                           address.text()));
  }
}

// -- connections --

// Some are over soon, some last; none for longer than a handover may. Where nothing but passes has
// happened since, those of earlier ones live on, also on a third host.
void Judges::serve_connections(Host& host, std::uint64_t seed) {
  const bool go_on = connections_in_ != 0 && connections_in_ == disturbances_;
  connections_in_ = disturbances_ + 1;  // the pass itself is the last disturbance
  if (!go_on) {
    for (Host& each : around_.hosts) each.forget_connections();
  }
  bool linked = true;
  for (std::size_t from = 0; from < around_.plan.hosts; ++from) {
    for (std::size_t to = 0; to < around_.plan.hosts; ++to) {
      linked = linked && (from == to || around_.pairs->is_up(from, to));
    }
  }
  const bool alone = std::ranges::none_of(around_.hosts, [&host](const Host& other) {
    return other.index() != host.index() && other.takes_part();
  });
  // When the last one goes, too, nobody is left to serve.
  if (alone) connections_in_ = 0;
  if (alone || !linked || !settled() || !successor_of(host) || filter_refused_) {
    // A pass in the middle of another move adds none; what there is must live through both.
    if (!go_on) connections_in_ = 0;
    return;
  }
  Random random(seed);
  for (const auto& router : host.routers()) {
    if (!host.holds(router.index) || around_.neighbour.belief(router.index) != host.index()) {
      continue;
    }
    for (std::uint64_t i = 0; i < 4; ++i) {
      const Duration length = around_.plan.handover_timeout * 8 / 10;
      Connection one;
      const auto& local = router.instance.settings().addresses[0];
      const auto number = static_cast<std::uint8_t>(1 + i);
      one.flow.client.address = local.is_ipv4()
                                    ? net::IpAddress::ipv4(192, 0, 2, number)
                                    : *net::IpAddress::parse(fmt::format("2001:db8::{}", number));
      one.flow.client.port = static_cast<std::uint16_t>(1024 + random.below(60000));
      one.flow.local = {local, 443};
      one.router = router.index;
      one.ends = around_.now + Duration(static_cast<std::int64_t>(
                                   random.below(static_cast<std::uint64_t>(length.count()))));
      host.serve(one);
      ++around_.tally.flows;
    }
  }
}

// A packet of each: whom does the neighbour send it to, and what becomes of it there?
void Judges::review_connections(Host& host) {
  for (const Connection& one : host.connections()) {
    if (one.ends <= around_.now || !host.pair()) continue;
    const std::size_t belief = around_.neighbour.belief(one.router);
    if (belief >= around_.hosts.size()) continue;
    judged(Checker::connections);
    std::string way;
    const std::size_t end = follow(one, belief, way);
    const auto& address = one.flow.local.address;
    const auto& kernel = host.routers()[one.router].kernel;
    const bool served_here =
        std::ranges::find(kernel, address) != kernel.end() || host.pair()->answers_for(address);
    if (end == host.index() && served_here) continue;
    complain(
        Checker::connections,
        fmt::format("a packet of a connection of host {} to {} goes to {}{}", host.index(),
                    address.text(), way, served_here ? "" : ", and nobody serves it any more"));
    return;
  }
}

// The host that keeps a packet of this connection that the neighbour sends to `first`: one to which
// the address has moved sends it on, to who has given it. More hosts than there are: in circles.
std::size_t Judges::follow(const Connection& connection, std::size_t first, std::string& way) {
  std::size_t at = first;
  way = fmt::format("host {}", at);
  for (std::size_t hops = 0; hops < around_.hosts.size(); ++hops) {
    const Host& there = around_.hosts[at];
    const auto& flow = connection.flow;
    const auto to = there.pair() ? there.pair()->packet_filter().forward(flow.client, flow.local)
                                 : std::nullopt;
    if (!to) return at;
    ++around_.tally.forwarded;
    around_.tally.relayed += hops > 0 ? 1 : 0;
    const std::size_t link = around_.plan.link_of[connection.router];
    std::size_t next = 0;
    while (next < around_.hosts.size() && around_.plan.address_of(next, link) != *to) ++next;
    way += fmt::format(", from there to {}", to->text());
    if (next == around_.hosts.size()) return next;
    at = next;
  }
  return around_.hosts.size();
}

// -- what an operator is told --

void Judges::pass_asked(const Host& host, std::uint64_t ticket) {
  answers_[host.index()].push_back({ticket, around_.now});
}

void Judges::pass_is_void(const Host& host, std::uint64_t ticket) {
  std::erase_if(answers_[host.index()],
                [ticket](const Answer& owed) { return owed.ticket == ticket; });
}

// Each once, also when one meets another that is under way.
void Judges::pass_answered(const Host& host, std::uint64_t ticket, bool ok) {
  auto& owed = answers_[host.index()];
  const auto found = std::ranges::find(owed, ticket, &Answer::ticket);
  judged(Checker::answers);
  if (found == owed.end()) {
    complain(Checker::answers,
             fmt::format("host {} tells twice what became of a pass", host.index()));
    return;
  }
  owed.erase(found);
  const auto has_it = [](const VirtualRouter& router) {
    return router.instance.state() == vrrp::State::master && !router.instance.is_yielding();
  };
  const auto has_passed = [](const VirtualRouter& router) {
    return router.instance.state() == vrrp::State::backup && router.instance.has_passed();
  };
  if (ok && std::ranges::all_of(host.routers(), has_it)) {
    complain(Checker::answers,
             fmt::format("host {} says that it has passed, and has not", host.index()));
  }
  if (!ok && std::ranges::all_of(host.routers(), has_passed)) {
    complain(Checker::answers,
             fmt::format("host {} says that it has not passed, and has", host.index()));
  }
}

void Judges::review_answers(const Host& host) {
  for (const Answer& owed : answers_[host.index()]) {
    // Who sleeps answers when it is back.
    const Instant since = std::max(owed.asked, awake_since_[host.index()]);
    if (around_.now - since < answer_longest + around_.plan.longest_yield()) continue;
    complain(Checker::answers,
             fmt::format("host {} has not told what became of a pass", host.index()));
  }
}

}  // namespace baton::simulation
