// What a group decides.

#include "vrrp/sync_group.h"

#include <fmt/format.h>

#include <algorithm>

namespace baton::vrrp {

namespace {

bool is_master(const Instance* member) {
  return member->state() == State::master;
}

bool is_leaving(const Instance* member) {
  return member->state() == State::stopped || member->is_yielding();
}

State common_state(std::span<const Instance* const> members) {
  const auto any = [&](State state) {
    return std::ranges::find(members, state, &Instance::state) != members.end();
  };
  const auto all = [&](State state) {
    return std::ranges::all_of(members, [state](const auto* one) { return one->state() == state; });
  };
  for (const State state : {State::stopped, State::master}) {
    if (all(state)) return state;
  }
  if (any(State::fault)) return State::fault;
  return any(State::init) ? State::init : State::backup;
}

std::optional<action::Notice> notice_of(State state) {
  switch (state) {
    case State::master:
      return action::Notice::master;
    case State::backup:
      return action::Notice::backup;
    case State::fault:
      return action::Notice::fault;
    case State::stopped:
      return action::Notice::stop;
    case State::init:
      break;
  }
  return std::nullopt;
}

// The first member besides `index` that has a fault of its own.
const Instance* other_with_fault(std::span<const Instance* const> members, std::size_t index) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i != index && members[i]->has_own_fault()) return members[i];
  }
  return nullptr;
}

}  // namespace

SyncGroup::Verdict SyncGroup::review(Members members) {
  Verdict verdict;
  if (std::ranges::none_of(members, is_leaving)) {
    share_faults(members, verdict);
    if (verdict.commands.empty()) share_mastery(members, verdict);
  }
  if (verdict.commands.empty()) settle(members, verdict);
  return verdict;
}

// Only who causes it is compared: what exactly ails the other may change while it lasts.
void SyncGroup::share_faults(Members members, Verdict& verdict) const {
  bool anybody_freed = false;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Instance* cause = other_with_fault(members, i);
    const std::string_view wanted = cause ? std::string_view(cause->settings().name) : "";
    if (members[i]->group_fault() == wanted) continue;
    verdict.commands.push_back({i, event::GroupFault{std::string(wanted)}});
    anybody_freed |= !cause;
  }
  if (verdict.commands.empty()) return;
  const bool anybody_ill = std::ranges::any_of(members, &Instance::has_own_fault);
  if (anybody_ill && state_ != State::fault) verdict.line = line(State::fault);
  if (!anybody_ill && anybody_freed) verdict.line = line(State::backup);
}

void SyncGroup::share_mastery(Members members, Verdict& verdict) const {
  const bool all_want = std::ranges::all_of(
      members, [](const auto* member) { return is_master(member) || member->wants_master(); });
  if (!all_want && std::ranges::none_of(members, is_master)) return;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (is_master(members[i]) == all_want) continue;
    if (all_want) {
      verdict.commands.push_back({i, event::GroupMaster{}});
    } else {
      verdict.commands.push_back({i, event::GroupBackup{fmt::format("sync group {}", name_)}});
    }
  }
  if (!verdict.commands.empty()) verdict.line = line(all_want ? State::master : State::backup);
}

void SyncGroup::settle(Members members, Verdict& verdict) {
  const State state = common_state(members);
  const bool ends = state != State::stopped && std::ranges::any_of(members, is_leaving);
  if (state == state_ || ends) return;
  state_ = state;
  verdict.notice = notice_of(state);
}

std::string SyncGroup::line(State state) const {
  return fmt::format("VRRP_Group({}) Syncing instances to {} state", name_, name_of(state));
}

}  // namespace baton::vrrp
