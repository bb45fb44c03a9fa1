// Matching and counting.

#include "failover/process_census.h"

#include <fmt/format.h>

#include <algorithm>

namespace baton::failover {

namespace {

bool is_same(const config::TrackProcess& a, const config::TrackProcess& b) {
  return a.name == b.name && a.command == b.command && a.match == b.match &&
         a.full_command == b.full_command && a.quorum == b.quorum && a.quorum_max == b.quorum_max &&
         a.fork_delay == b.fork_delay && a.terminate_delay == b.terminate_delay;
}

}  // namespace

bool matches(const config::TrackProcess& wanted, const linux::ProcessNames& names) {
  using Match = config::TrackProcess::Match;
  const auto& arguments = names.arguments;
  if (wanted.full_command) {
    if (arguments.empty() || arguments.front() != wanted.command.front()) return false;
  } else if (names.comm != wanted.command.front()) {
    return false;
  }
  const std::size_t count = wanted.command.size();
  if (wanted.match == Match::name) return true;
  if (wanted.match == Match::exact && arguments.size() != count) return false;
  if (arguments.size() < count) return false;
  for (std::size_t i = 1; i < count; ++i) {
    const bool as_beginning = wanted.match == Match::initial && i + 1 == count;
    const bool fits = as_beginning ? arguments[i].starts_with(wanted.command[i])
                                   : arguments[i] == wanted.command[i];
    if (!fits) return false;
  }
  return true;
}

bool ProcessCensus::configure(const std::vector<config::TrackProcess>& wanted) {
  if (std::ranges::equal(wanted, wanted_, is_same)) return false;
  // Who is watched for as before keeps its verdict until the new numbers are in.
  std::vector<Count> counts(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto known = std::ranges::find_if(
        wanted_, [&](const config::TrackProcess& old) { return is_same(old, wanted[i]); });
    if (known != wanted_.end())
      counts[i] = counts_[static_cast<std::size_t>(known - wanted_.begin())];
  }
  wanted_ = wanted;
  counts_ = std::move(counts);
  return true;
}

bool ProcessCensus::wants_arguments() const {
  return std::ranges::any_of(wanted_, [](const config::TrackProcess& wanted) {
    return wanted.full_command || wanted.match != config::TrackProcess::Match::name;
  });
}

void ProcessCensus::put(pid_t pid, const linux::ProcessNames& names) {
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (matches(wanted_[i], names)) {
      counts_[i].pids.insert(pid);
    } else {
      counts_[i].pids.erase(pid);
    }
  }
}

void ProcessCensus::put_copy(pid_t pid, pid_t parent) {
  for (Count& count : counts_) {
    if (count.pids.contains(parent)) count.pids.insert(pid);
  }
}

void ProcessCensus::remove(pid_t pid) {
  for (Count& count : counts_) count.pids.erase(pid);
}

void ProcessCensus::keep_only(const std::vector<pid_t>& pids) {
  for (Count& count : counts_) {
    std::erase_if(count.pids,
                  [&pids](pid_t pid) { return !std::ranges::binary_search(pids, pid); });
  }
}

std::vector<ProcessCensus::Change> ProcessCensus::review(Instant now) {
  using vrrp::Health;
  std::vector<Change> changes;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    Count& count = counts_[i];
    const Health health = is_enough(i) ? Health::up : Health::down;
    if (health == count.health) {
      count.due = never;
      continue;
    }
    if (count.due == never && count.health != Health::unknown) {
      count.due = now + (health == Health::up ? wanted_[i].fork_delay : wanted_[i].terminate_delay);
    }
    if (count.health != Health::unknown && now < count.due) continue;
    count.health = health;
    count.due = never;
    changes.push_back({static_cast<std::uint32_t>(i), health,
                       fmt::format("{} of {} processes", count.pids.size(), wanted_[i].quorum)});
  }
  return changes;
}

Instant ProcessCensus::next_due() const {
  Instant next = never;
  for (const Count& count : counts_) next = std::min(next, count.due);
  return next;
}

bool ProcessCensus::is_enough(std::size_t index) const {
  const std::size_t number = counts_[index].pids.size();
  const auto& most = wanted_[index].quorum_max;
  return number >= wanted_[index].quorum && (!most || number <= *most);
}

}  // namespace baton::failover
