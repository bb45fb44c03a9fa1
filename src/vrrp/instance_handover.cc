// Giving the addresses away on purpose: stop, pass, a preempting return that asks first.
//
// Who yields serves on without adverts of its own until the successor's first one is heard. How the
// successor learns that it is its turn: by priority 0 (any VRRP router), or by the pair link, where
// it has made ready before and takes over without waiting for a timer.

#include <fmt/format.h>

#include <algorithm>

#include "vrrp/instance.h"
#include "vrrp/timers.h"

namespace baton::vrrp {

namespace {

// The slowest successor, one of priority 1, needs a second, in version 3 an advert interval; the
// rest is for its packet to arrive.
constexpr Duration yield_margin = 200ms;

}  // namespace

void Instance::on(const event::Stop& stop, Instant now) {
  if (state_ != State::master) {
    finish_stop("stopped", now);
    return;
  }
  if (is_yielding()) {
    passing_ = false;
    if (!stop.yield) finish_stop("stopped", now);
    return;
  }
  if (stop.yield) {
    begin_yield(stop.successor_told, now);
    return;
  }
  send(0);
  log(LogLevel::info, "sent 0 priority", true);
  finish_stop("stopped", now);
}

void Instance::on(const event::Pass& pass, Instant now) {
  if (state_ != State::master || is_yielding()) return;
  log(LogLevel::info, "passing the addresses on");
  passing_ = true;
  begin_yield(pass.successor_told, now);
}

void Instance::on(const event::TakeOver& order, Instant now) {
  if (state_ != State::backup) return;
  wait_for_master(now);
  take_over_ = fmt::format("passed on by {}", order.from);
}

void Instance::on(const event::MasterReachable& change, Instant) {
  master_reachable_ = change.reachable;
}

void Instance::on(const event::MasterAnswered&, Instant) {
  may_ask_again_ = true;
}

// As after `told_patience`, but others have not begun to miss the adverts of a pass yet.
void Instance::on(const event::SuccessorLost&, Instant now) {
  if (!is_yielding() || zero_sent_ || !yield_end_.empty()) return;
  if (passing_) {
    end_pass(now);
  } else {
    begin_yield(false, now);
  }
}

void Instance::begin_yield(bool successor_told, Instant now) {
  clear_timers();
  yield_end_.clear();
  zero_sent_ = !successor_told;
  if (settings_.takeover.second_path) report_at_ = now;
  if (successor_told) {
    yield_until_ = now + told_patience;
    return;
  }
  send(0);
  log(LogLevel::info, "sent 0 priority", true);
  const Duration slowest = skew_time(settings_.version, 1, settings_.advert_interval);
  yield_until_ = now + slowest + yield_margin;
}

// The time is over, or the successor has been heard and is there.
void Instance::end_yield(Instant now) {
  if (yield_end_.empty() && !zero_sent_) {
    begin_yield(false, now);
  } else if (passing_) {
    end_pass(now);
  } else {
    finish_stop(yield_end_.empty() ? "stopped; no successor was heard" : yield_end_, now);
  }
}

void Instance::end_pass(Instant now) {
  if (yield_end_.empty()) {
    passing_ = false;
    yield_until_ = never;
    log(LogLevel::warning, "nobody took over: staying master");
    send_and_restart(now);
    // Twice, as after a takeover: who claimed an address meanwhile was not answered.
    const AnnounceSchedule& schedule = settings_.announce;
    actions_.emplace_back(action::Announce{schedule.repeat});
    if (schedule.delay > 0s) announce_again_at_ = now + schedule.delay;
    if (schedule.refresh > 0s) refresh_at_ = now + schedule.delay + schedule.refresh;
    return;
  }
  // The addresses were kept for the successor's sake already.
  become_backup(yield_end_, down_time(), 0s, now);
  heard_at_ = now;
  passed_ = true;
  release_addresses();
}

// For each return once, and again only where something moves: a master that does not pass, for
// whatever reason, is preempted as ever.
bool Instance::ask_before_preempting(Instant now) {
  // Whom fast detection has lost cannot pass any more.
  const bool is_preempting = take_over_.empty() && !lost_ && master_ && heard_at_ != never &&
                             master_priority_ > 0 && master_priority_ < effective_priority_ &&
                             now - heard_at_ < down_time();
  const bool is_over = asked_at_ != never && (!may_ask_again_ || now - asked_at_ >= ask_longest);
  if (!is_preempting || !master_reachable_ || is_over) {
    asked_at_ = never;
    return false;
  }
  if (asked_at_ == never) asked_at_ = now;
  may_ask_again_ = false;
  actions_.emplace_back(action::AskPass{});
  master_down_at_ = now + ask_patience;
  return true;
}

std::optional<net::IpAddress> Instance::outgoing_master() const {
  if (state_ != State::backup || !master_ || lost_ || heard_at_ == never) return std::nullopt;
  if (watched_ != master_) return std::nullopt;
  // Who is followed restarts the timer; who is to be preempted does not.
  const bool preempts =
      master_priority_ < effective_priority_ && master_down_at_ < heard_at_ + down_time();
  return planned_ || preempts ? master_ : std::nullopt;
}

void Instance::finish_stop(std::string reason, Instant now) {
  const bool held = holds_addresses();
  enter(State::stopped, std::move(reason), now);
  if (held) release_addresses();
  actions_.emplace_back(action::Notify{action::Notice::stop, effective_priority_});
}

}  // namespace baton::vrrp
