// Judgements about a single machine or host, which hold at every moment.

#include <fmt/format.h>

#include <algorithm>

#include "simulation/checkers.h"

namespace baton::simulation {

namespace {

std::optional<vrrp::action::Notice> notice_of(vrrp::State state) {
  switch (state) {
    case vrrp::State::master:
      return vrrp::action::Notice::master;
    case vrrp::State::backup:
      return vrrp::action::Notice::backup;
    case vrrp::State::fault:
      return vrrp::action::Notice::fault;
    case vrrp::State::stopped:
      return vrrp::action::Notice::stop;
    case vrrp::State::init:
      break;
  }
  return std::nullopt;
}

bool is_leaving(const VirtualRouter& router) {
  return router.instance.state() == vrrp::State::stopped || router.instance.is_yielding();
}

}  // namespace

void Judges::started(const Host& host) {
  seen_[host.index()] = {};
  vigils_[host.index()] = {};
  awake_since_[host.index()] = around_.now;
  planned_[host.index()] = {};
  master_since_[host.index()].fill(never);
  answers_[host.index()] = {};
  group_notice_[host.index()] = vrrp::action::Notice::stop;
}

void Judges::handled(const Host& host, const VirtualRouter& router, const vrrp::Event& event,
                     const vrrp::Actions& actions) {
  if (around_.plan.guarded) note_planned(host, router, event, actions);
  judge_notices(host, router, actions);
  judge_kernel(host, router);
  judge_storm(host, router);
}

// A transition owes a notification; it is paid before the next, and nothing is paid twice.
void Judges::judge_notices(const Host& host, const VirtualRouter& router,
                           const vrrp::Actions& actions) {
  Seen& seen = seen_[host.index()][router.index];
  for (const auto& single : actions) {
    if (const auto* transition = std::get_if<vrrp::action::Transition>(&single)) {
      ++around_.tally.transitions[static_cast<std::size_t>(transition->from)]
                                 [static_cast<std::size_t>(transition->to)];
      judge_calm(host, router, *transition);
      if (around_.plan.guarded && transition->to == vrrp::State::master) {
        judge_takeover(host, router, transition->reason);
      }
      if (seen.owed || transition->from != seen.state) {
        complain(Checker::notices,
                 fmt::format("host {}: a transition from {} while in {}", host.index(),
                             vrrp::name_of(transition->from), vrrp::name_of(seen.state)));
      }
      seen.state = transition->to;
      seen.owed = notice_of(transition->to);
    } else if (const auto* notify = std::get_if<vrrp::action::Notify>(&single)) {
      if (notify->notice == vrrp::action::Notice::priority ||
          notify->notice == vrrp::action::Notice::lower_priority) {
        continue;  // not about a state
      }
      judged(Checker::notices);
      if (seen.owed != notify->notice) {
        complain(Checker::notices,
                 fmt::format("host {}: a notification that nothing asked for", host.index()));
      }
      seen.owed.reset();
    }
  }
  if (seen.owed || seen.state != router.instance.state()) {
    complain(Checker::notices,
             fmt::format("host {}: in {}, and the last that was notified is {}", host.index(),
                         vrrp::name_of(router.instance.state()), vrrp::name_of(seen.state)));
  }
}

void Judges::judge_calm(const Host& host, const VirtualRouter& router,
                        const vrrp::action::Transition& transition) {
  if (!settled() || !host.takes_part()) return;
  for (const HostSet set : clean_sets(router.index)) {
    if (!in(set, host.index())) continue;
    complain(Checker::calm,
             fmt::format("settled, but host {} VI_{} goes from {} to {}: {}", host.index(),
                         router.index + 1, vrrp::name_of(transition.from),
                         vrrp::name_of(transition.to), transition.reason));
  }
}

void Judges::judge_kernel(const Host& host, const VirtualRouter& router) {
  judged(Checker::kernel);
  const bool means_to = router.instance.holds_addresses();
  const bool equal =
      means_to ? router.kernel == router.instance.settings().addresses : router.kernel.empty();
  if (equal) return;
  complain(Checker::kernel,
           fmt::format("host {} VI_{}: {} addresses in the kernel, {} intended", host.index(),
                       router.index + 1, router.kernel.size(),
                       means_to ? router.instance.settings().addresses.size() : 0));
}

void Judges::told_group(const Host& host, vrrp::action::Notice notice) {
  auto& last = group_notice_[host.index()];
  judged(Checker::sync_group);
  const auto& members = host.routers();
  if (notice == last && notice != vrrp::action::Notice::stop) {
    complain(Checker::sync_group, fmt::format("host {}: the group notifies twice", host.index()));
  }
  last = notice;
  if (notice != vrrp::action::Notice::master) return;
  const bool all = std::ranges::all_of(
      members, [](const auto& one) { return one.instance.state() == vrrp::State::master; });
  if (!all) complain(Checker::sync_group, "the group says MASTER before all members are");
}

void Judges::finished(const Host& host) {
  const auto& members = host.routers();
  if (std::ranges::any_of(members, is_leaving)) return;
  const auto masters = std::ranges::count_if(
      members, [](const auto& one) { return one.instance.state() == vrrp::State::master; });
  if (masters != 0 && static_cast<std::size_t>(masters) != members.size()) {
    complain(Checker::sync_group,
             fmt::format("host {} is master for some members of its group only", host.index()));
  }
  const bool ill =
      std::ranges::any_of(members, [](const auto& one) { return one.instance.has_own_fault(); });
  if (!ill) return;
  for (const auto& one : members) {
    if (one.instance.state() == vrrp::State::fault || one.instance.state() == vrrp::State::init) {
      continue;
    }
    complain(Checker::sync_group,
             fmt::format("host {}: a fault did not take all members along", host.index()));
  }
}

// Others have been elected long since.
void Judges::woke(const Host& host, const VirtualRouter& router, Duration slept) {
  const vrrp::Settings& settings = router.instance.settings();
  if (slept < settings.down_timer_adverts * settings.advert_interval) return;
  judged(Checker::sleeper);
  if (router.instance.state() != vrrp::State::master && !host.holds(router.index)) return;
  complain(Checker::sleeper,
           fmt::format("host {} slept for {:.3f} s and insists", host.index(), to_seconds(slept)));
}

}  // namespace baton::simulation
