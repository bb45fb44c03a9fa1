// Sums, and what is missing.

#include "simulation/tally.h"

#include <fmt/format.h>

#include <numeric>

namespace baton::simulation {

namespace {

using vrrp::State;

template <typename Array>
void add_all(Array& to, const Array& from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

// The transitions that the machine has; others are bugs or need a mistake of the operator.
constexpr std::array<std::pair<State, State>, 12> wanted_transitions{{
    {State::init, State::backup},
    {State::init, State::fault},
    {State::init, State::master},
    {State::backup, State::master},
    {State::backup, State::fault},
    {State::backup, State::stopped},
    {State::master, State::backup},
    {State::master, State::fault},
    {State::master, State::stopped},
    {State::fault, State::backup},
    {State::fault, State::master},
    {State::fault, State::stopped},
}};

std::uint64_t sum(const auto& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}

}  // namespace

void Tally::add(const Tally& other) {
  add_all(worlds, other.worlds);
  add_all(time, other.time);
  add_all(of_hosts, other.of_hosts);
  add_all(faults, other.faults);
  add_all(judged, other.judged);
  add_all(rejects, other.rejects);
  for (std::size_t i = 0; i < state_count; ++i) add_all(transitions[i], other.transitions[i]);
  adverts += other.adverts;
  deliveries += other.deliveries;
  lost += other.lost;
  duplicates += other.duplicates;
  overtakings += other.overtakings;
  decisions += other.decisions;
  group_commands += other.group_commands;
  overlaps += other.overlaps;
  gaps += other.gaps;
  misled += other.misled;
  announcements += other.announcements;
  claims += other.claims;
  expiries += other.expiries;
  watched_worlds += other.watched_worlds;
  guarded_worlds += other.guarded_worlds;
  paired_worlds += other.paired_worlds;
  bfd_sent += other.bfd_sent;
  bfd_heard += other.bfd_heard;
  sessions_up += other.sessions_up;
  masters_lost += other.masters_lost;
  reports += other.reports;
  questions += other.questions;
  pair_connections += other.pair_connections;
  pair_messages += other.pair_messages;
  pass_requests += other.pass_requests;
  refusals += other.refusals;
  handovers += other.handovers;
  flows += other.flows;
  forwarded += other.forwarded;
  relayed += other.relayed;
  second_passes += other.second_passes;
  add_all(ambushes, other.ambushes);
}

double Tally::hours() const {
  return to_seconds(std::accumulate(time.begin(), time.end(), Duration{})) / 3600;
}

std::string Tally::text() const {
  std::string text = fmt::format("{:.0f} virtual hours in {} worlds:", hours(), sum(worlds));
  for (std::size_t i = 0; i < pace_count; ++i) {
    text += fmt::format(" {} {} ({:.0f} h)", worlds[i], name_of(static_cast<Pace>(i)),
                        to_seconds(time[i]) / 3600);
  }
  text += "\nhosts:";
  for (std::size_t i = 2; i <= hosts_max; ++i) text += fmt::format(" {} with {}", of_hosts[i], i);
  std::uint64_t changes = 0;
  for (const auto& row : transitions) changes += sum(row);
  text += fmt::format(
      "\n{} faults, {} transitions, {} adverts sent, {} heard, {} decisions, {} group commands\n"
      "{} packets lost, {} doubled, {} overtaken; {} addresses dropped by a kernel\n"
      "{} times two holders for a moment, {} times none, {} announcements, {} claims\n",
      sum(faults), changes, adverts, deliveries, decisions, group_commands, lost, duplicates,
      overtakings, expiries, overlaps, gaps, announcements, claims);
  text += fmt::format(
      "{} worlds with BFD: {} packets sent, {} heard, {} sessions came up, {} masters lost\n"
      "{} with a second path or a witness: {} reports, {} questions\n"
      "{} with a pair link: {} connections, {} messages, {} requests to pass, {} handovers ({} "
      "refused, {} second passes), {} TCP connections in them, {} of their packets forwarded, {} "
      "by a "
      "third host\n"
      "handovers struck while idle {}, offering {}, moving {}, serving {}, over {}\n",
      watched_worlds, bfd_sent, bfd_heard, sessions_up, masters_lost, guarded_worlds, reports,
      questions, paired_worlds, pair_connections, pair_messages, pass_requests, handovers, refusals,
      second_passes, flows, forwarded, relayed, ambushes[0], ambushes[1], ambushes[2], ambushes[3],
      ambushes[4]);
  text += "faults:";
  for (std::size_t i = 0; i < fault_count; ++i) {
    text += fmt::format("{}{:>17} {:<8}", i % 4 == 0 ? "\n " : "", name_of(static_cast<Fault>(i)),
                        faults[i]);
  }
  text += "\njudgements:";
  for (std::size_t i = 0; i < checker_count; ++i) {
    text += fmt::format("{}{:>17} {:<12}", i % 4 == 0 ? "\n " : "",
                        name_of(static_cast<Checker>(i)), judged[i]);
  }
  return text + "\n";
}

std::vector<std::string> Tally::missing() const {
  std::vector<std::string> absent;
  const auto need = [&absent](std::uint64_t count, std::string what) {
    if (count == 0) absent.push_back(std::move(what));
  };
  for (std::size_t i = 0; i < fault_count; ++i) {
    need(faults[i], fmt::format("fault {}", name_of(static_cast<Fault>(i))));
  }
  for (std::size_t i = 0; i < checker_count; ++i) {
    const auto checker = static_cast<Checker>(i);
    // Both look at everything and count nothing.
    if (checker == Checker::calm || checker == Checker::progress) continue;
    need(judged[i], fmt::format("judgement {}", name_of(checker)));
  }
  for (const auto& [from, to] : wanted_transitions) {
    need(transitions[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)],
         fmt::format("transition from {} to {}", vrrp::name_of(from), vrrp::name_of(to)));
  }
  for (std::size_t i = 2; i <= hosts_max; ++i) need(of_hosts[i], fmt::format("{} hosts", i));
  need(lost, "lost packets");
  need(duplicates, "doubled packets");
  need(overtakings, "overtaken packets");
  need(group_commands, "commands of a sync group");
  need(expiries, "addresses dropped by the kernel");
  need(claims, "claimed addresses");
  need(watched_worlds, "worlds with BFD");
  need(bfd_heard, "packets of BFD");
  need(masters_lost, "masters lost by BFD");
  need(guarded_worlds, "worlds with a second path or a witness");
  need(reports, "reports on the second path");
  need(questions, "questions to a witness");
  need(paired_worlds, "worlds with a pair link");
  need(pass_requests, "preempting returns that asked first");
  need(refusals, "refused handovers");
  need(handovers, "handovers");
  need(forwarded, "packets forwarded to a giver");
  need(relayed, "packets forwarded by a third host");
  need(second_passes, "passes that meet another one");
  need(ambushes[1], "handovers struck while offering");
  need(ambushes[2], "handovers struck while moving");
  need(ambushes[3], "handovers struck while serving");
  for (const auto reject :
       {vrrp::Reject::ip_header, vrrp::Reject::length, vrrp::Reject::version,
        vrrp::Reject::auth_type, vrrp::Reject::password, vrrp::Reject::interval, vrrp::Reject::type,
        vrrp::Reject::checksum, vrrp::Reject::ttl, vrrp::Reject::virtual_router_id}) {
    need(rejects[static_cast<std::size_t>(reject)],
         fmt::format("reject because of {}", vrrp::name_of(reject)));
  }
  return absent;
}

}  // namespace baton::simulation
