// What a node does with what it hears beside VRRP: on the second heartbeat path and from a witness
// (takeover.h has the questions, this file the consequences).
//
// When the first path is cut and both nodes live, the backup holds back, and only the master
// decides: it gives up when it sees nothing of the clients' side any more while the backup does.
// When there are two masters all the same, that one gives up that sees nothing; if both see, or
// none does, the one with the lower priority (then the lower address), as in any election.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "vrrp/instance.h"
#include "vrrp/timers.h"

namespace baton::vrrp {

using Obstacle = TakeoverGuard::Obstacle;

bool Instance::may_take_over(Instant now) {
  if (planned_ || !settings_.takeover.active()) return true;
  // A lower priority whose adverts arrive is to be preempted, not replaced; unless the second path
  // knows a master beside that one, which we do not hear.
  const TakeoverGuard::Peer* known = guard_.master(now);
  const bool first_path_lives = !lost_ && heard_at_ != never && now - heard_at_ < down_time() &&
                                (!known || master_ == known->report.source);
  const auto verdict = guard_.judge(first_path_lives, now);
  if (verdict.ask_witness) actions_.emplace_back(action::AskWitness{});
  hold_back(verdict);
  waits_for_witness_ = verdict.obstacle == Obstacle::witness;
  if (verdict.obstacle == Obstacle::second_path) suspect(now);
  if (verdict.obstacle == Obstacle::none) return true;
  master_down_at_ = std::max(verdict.again, now + 1ms);
  ask_witness_at_ = never;
  return false;
}

// Each obstacle is told once, until another takes its place or it is gone.
void Instance::hold_back(const TakeoverGuard::Verdict& verdict) {
  if (verdict.obstacle != Obstacle::none && verdict.why.empty()) return;
  const bool is_new = verdict.obstacle != obstacle_;
  obstacle_ = verdict.obstacle;
  held_back_ = verdict.why;
  if (is_new && !verdict.why.empty()) log(LogLevel::warning, verdict.why);
}

// From when adverts are late, as long before the timer ends as the witness may need.
Duration Instance::witness_lead() const {
  const Duration late = master_interval_ * 5 / 4;
  return std::clamp<Duration>(settings_.takeover.witness_timeout, 0s,
                              std::max<Duration>(0s, down_time() - late));
}

void Instance::ask_witness(Instant now) {
  if (guard_.ask(now)) actions_.emplace_back(action::AskWitness{});
}

// The first path is cut somewhere: which of the two nodes still reaches anybody?
void Instance::suspect(Instant now) {
  if (suspected_at_ == never || now > suspicion_until_) suspected_at_ = now;
  suspicion_until_ = now + 2 * TakeoverGuard::witness_retry;
  if (now < next_solicit_ || settings_.takeover.witness) return;
  next_solicit_ = now + TakeoverGuard::witness_retry;
  actions_.emplace_back(action::Solicit{});
}

void Instance::run_reports(Instant now) {
  if (ask_witness_at_ <= now) {
    ask_witness_at_ = never;
    ask_witness(now);
  }
  if (report_at_ > now) return;
  report_at_ = now + settings_.takeover.heartbeat_interval;
  actions_.emplace_back(action::SendReport{});
}

PeerReport Instance::make_report(Instant now) const {
  PeerReport report;
  report.name = settings_.name;
  if (!settings_.addresses.empty()) report.family = settings_.addresses.front().family();
  report.version = settings_.version;
  report.virtual_router_id = settings_.virtual_router_id;
  report.state = state_;
  // A successor that was told comes by itself; until it fails to, the place is not free.
  report.gives_up = is_yielding() && zero_sent_;
  report.is_cut = state_ == State::backup && obstacle_ == Obstacle::second_path;
  report.sees = guard_.sees(now);
  report.nopreempt = settings_.nopreempt;
  report.effective_priority = effective_priority_;
  report.base_priority = settings_.priority;
  report.auth_type = settings_.auth_type;
  report.advert_interval = settings_.advert_interval;
  report.heartbeat_interval = settings_.takeover.heartbeat_interval;
  report.address_digest = digest_addresses(settings_.addresses);
  if (source_) report.source = *source_;
  return report;
}

void Instance::on(const event::PeerReported& heard, Instant now) {
  if (!started_ || !settings_.takeover.second_path) return;
  const PeerReport& report = *heard.report;
  // Whoever has lost its address has no source any more; what it said before tells who it is.
  const auto known = guard_.peers().find(report.run);
  const bool was_master = known != guard_.peers().end() && known->second.report.is_master() &&
                          known->second.report.source == master_;
  if (!guard_.note_report(report, now)) return;
  if (state_ == State::master && !is_yielding()) {
    resolve(report, now);
    return;
  }
  if (state_ != State::backup || !was_master || guard_.master(now) || planned_) return;
  // It says itself that it is master no more; its last advert may not have come through. Whoever
  // was told to take over does so now.
  if (wish_ || !take_over_.empty()) return;
  planned_ = true;
  heard_at_ = now;
  wait_for_master(std::min(master_down_at_, now + skew()));
  ask_witness_at_ = never;
  log(LogLevel::info, fmt::format("master {} gave up, as it says on the second path ({})",
                                  master_->text(), name_of(report.state)));
}

void Instance::resolve(const PeerReport& report, Instant now) {
  const bool other_is_master = report.is_master();
  const bool other_is_cut = report.state == State::backup && report.is_cut;
  if (!other_is_master && !other_is_cut) return;
  // Reports of a moment ago may still call the old master one.
  if (now - since_ < handover_window) return;
  if (now >= next_conflict_line_) {
    next_conflict_line_ = now + 60s;
    log(LogLevel::warning,
        other_is_master
            ? fmt::format("{} is master, too (priority {}), as it says on the second path",
                          report.source.text(), report.effective_priority)
            : fmt::format("backup {} does not hear our adverts: the first path is cut",
                          report.source.text()));
  }
  if (now - guard_.answered_at() >= TakeoverGuard::witness_retry) ask_witness(now);
  suspect(now);
  // A link that received nothing may have had nothing to receive, until the neighbours were asked.
  const bool is_proven =
      settings_.takeover.witness || now - suspected_at_ >= TakeoverGuard::link_silence;
  if (is_proven && guard_.is_blind(now) && report.sees) {
    yield_to(
        report,
        settings_.takeover.witness ? "our witness is not reachable" : "our link receives nothing",
        now);
    return;
  }
  if (!other_is_master || (guard_.sees(now) && !report.sees)) return;
  const auto own = std::pair(effective_priority_, source_.value_or(net::IpAddress{}));
  if (std::pair(report.effective_priority, report.source) > own) {
    yield_to(report, "two masters", now);
  }
}

void Instance::yield_to(const PeerReport& report, std::string reason, Instant now) {
  send(0);
  log(LogLevel::warning, fmt::format("giving up for {} (priority {}): {}", report.source.text(),
                                     report.effective_priority, reason));
  master_ = report.source;
  master_priority_ = report.effective_priority;
  become_backup(
      fmt::format("{}; {} takes over, as the second path tells", reason, report.source.text()),
      down_time(), 0s, now);
  release_addresses();
}

void Instance::on(const event::WitnessReported& answer, Instant now) {
  guard_.note_answer(answer.reachable, answer.detail, now);
  if (!std::exchange(waits_for_witness_, false) || state_ != State::backup) return;
  master_down_at_ = now;
  on(event::TimerDue{}, now);
}

// The first frame may be the master's: it gets its time to be heard.
void Instance::on(const event::LinkReceived&, Instant now) {
  if (!guard_.note_link(now) || obstacle_ != Obstacle::link) return;
  hold_back({});
  if (state_ == State::backup) wait_for_master(now + down_time());
}

}  // namespace baton::vrrp
