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
