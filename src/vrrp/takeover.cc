// The three questions.

#include "vrrp/takeover.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace baton::vrrp {

const char* name_of(TakeoverGuard::Obstacle obstacle) {
  static constexpr std::array names{"none", "link", "second_path", "witness"};
  return names[static_cast<std::size_t>(obstacle)];
}

void TakeoverGuard::begin(Instant now) {
  began_at_ = now;
  link_heard_at_ = never;
  link_wait_until_ = rules_.link_wait > 0s ? now + rules_.link_wait : never;
}

bool TakeoverGuard::note_report(const PeerReport& report, Instant now) {
  const auto known = peers_.find(report.run);
  if (known != peers_.end()) {
    if (report.sequence <= known->second.report.sequence) return false;
    known->second = {report, now};
    return true;
  }
  // A process that started anew takes the place of its earlier run.
  std::erase_if(peers_, [&](const auto& entry) {
    return entry.second.report.source == report.source || !is_alive(entry.second, now);
  });
  if (peers_.size() >= peers_max) return false;
  peers_[report.run] = {report, now};
  return true;
}

bool TakeoverGuard::note_link(Instant now) {
  link_heard_at_ = now;
  if (link_wait_until_ == never) return false;
  link_wait_until_ = never;
  return true;
}

void TakeoverGuard::note_answer(bool reachable, std::string detail, Instant now) {
  asked_at_ = never;
  answer_ = known_ = reachable;
  answered_at_ = now;
  detail_ = std::move(detail);
}

bool TakeoverGuard::ask(Instant now) {
  if (!rules_.witness || (asked_at_ != never && now < asked_at_ + rules_.witness_timeout)) {
    return false;
  }
  asked_at_ = now;
  return true;
}

TakeoverGuard::Verdict TakeoverGuard::judge(bool first_path_lives, Instant now) {
  if (link_wait_until_ != never && now < link_wait_until_) {
    return {Obstacle::link, link_wait_until_, false,
            "the link has not received anything yet: not taking over"};
  }
  link_wait_until_ = never;
  const Peer* master = first_path_lives || !rules_.second_path ? nullptr : this->master(now);
  if (master) {
    Verdict verdict{Obstacle::second_path, expiry(*master), false, {}};
    verdict.why = fmt::format(
        "master {} (priority {}) is alive on the second path, only the first path is cut: not "
        "taking over",
        master->report.source.text(), master->report.effective_priority);
    // So that our reports can say whether we are the one that sees.
    verdict.ask_witness = now - answered_at_ >= witness_retry && ask(now);
    return verdict;
  }
  return rules_.witness ? judge_witness(now) : Verdict{};
}

TakeoverGuard::Verdict TakeoverGuard::judge_witness(Instant now) {
  if (asked_at_ != never && now >= asked_at_ + rules_.witness_timeout) {
    note_answer(false, fmt::format("no answer within {:.1f} s", to_seconds(rules_.witness_timeout)),
                now);
  }
  if (asked_at_ != never) {
    return {Obstacle::witness, asked_at_ + rules_.witness_timeout, false, {}};
  }
  if (answer_ == true && now - answered_at_ <= witness_fresh) return {};
  if (answer_ == false && now < answered_at_ + witness_retry) {
    return {Obstacle::witness, answered_at_ + witness_retry, false,
            fmt::format("the witness is not reachable ({}): not taking over", detail_)};
  }
  // While a question is repeated, what is known stays known.
  Verdict verdict{Obstacle::witness, now + rules_.witness_timeout, ask(now), {}};
  if (answer_ == false) {
    verdict.why = fmt::format("the witness is not reachable ({}): not taking over", detail_);
  }
  return verdict;
}

const TakeoverGuard::Peer* TakeoverGuard::master(Instant now) const {
  const Peer* best = nullptr;
  for (const auto& [run, peer] : peers_) {
    if (!peer.report.is_master() || !is_alive(peer, now)) continue;
    if (!best || peer.report.effective_priority > best->report.effective_priority) best = &peer;
  }
  return best;
}

bool TakeoverGuard::sees(Instant now) const {
  if (rules_.witness) return known_ == true && now - answered_at_ <= witness_fresh;
  return link_heard_at_ != never && now - link_heard_at_ <= link_silence;
}

bool TakeoverGuard::is_blind(Instant now) const {
  if (rules_.witness) return known_ == false && now - answered_at_ <= witness_fresh;
  const Instant since = link_heard_at_ != never ? link_heard_at_ : began_at_;
  return rules_.second_path && since != never && now - since > link_silence;
}

// Three reports may get lost. A machine that is busy is late by some milliseconds.
Instant TakeoverGuard::expiry(const Peer& peer) {
  const Duration patience = peer.report.heartbeat_interval * 7 / 2;
  return peer.heard_at + std::clamp<Duration>(patience, 100ms, 60s);
}

}  // namespace baton::vrrp
