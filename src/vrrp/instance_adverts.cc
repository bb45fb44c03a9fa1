// How the machine hears adverts: elections, priority 0, preemption, conflicts.

#include <fmt/format.h>

#include <algorithm>

#include "vrrp/instance.h"
#include "vrrp/timers.h"

namespace baton::vrrp {

namespace {

// Causes beyond the rejects that are told once per master.
enum Told : unsigned {
  addresses_differ = reject_count,
  interval_differs,
  own_address_heard,
  lower_priority_heard,
};

}  // namespace

void Instance::on(const event::AdvertReceived& received, Instant now) {
  if (state_ == State::init || state_ == State::fault) return;
  const ParsedAdvert& parsed = *received.advert;
  if (const auto reject = check_advert(parsed, settings_)) {
    count_reject(*reject, parsed);
    return;
  }
  if (parsed.hmac && settings_.hmac.anti_replay &&
      !replays_.accept(parsed.envelope.source, parsed.hmac->stamp)) {
    count_reject(Reject::replay, parsed);
    return;
  }
  if (parsed.authentication) {
    if (parsed.authentication->sequence <= sequence_) {
      count_reject(Reject::replay, parsed);
      return;
    }
    sequence_ = parsed.authentication->sequence;
  }
  ++counters_.adverts_received;
  if (parsed.advert.priority == 0) ++counters_.priority_zero_received;
  if (parsed.checksum_form == ChecksumForm::multicast_destination &&
      settings_.checksum == ChecksumPolicy::automatic && checksum_form_ != parsed.checksum_form) {
    checksum_form_ = parsed.checksum_form;
    log(LogLevel::info, "Setting unicast VRRPv3 checksum to old version");
  }
  const bool is_known = master_ == parsed.envelope.source;
  if (state_ == State::backup) {
    hear_as_backup(parsed, now);
  } else if (is_yielding()) {
    hear_as_yielding(parsed, now);
  } else {
    hear_as_master(parsed, now);
  }
  if (!is_known || !settings_.skip_check_addresses) note_addresses(parsed);
}

void Instance::hear_as_backup(const ParsedAdvert& parsed, Instant now) {
  const std::uint8_t priority = parsed.advert.priority;
  // The master has told us to take over: what it sent before that is of no account.
  if (!take_over_.empty()) return;
  const bool from_master = !master_ || *master_ == parsed.envelope.source;
  if (priority == 0) {
    if (!from_master) return;
    log(LogLevel::info, "Backup received priority 0 advertisement", true);
    remember_master(parsed, now);
    heard_at_ = now;
    planned_ = true;
    wait_for_master(now + skew_after_goodbye());
    ask_witness_at_ = never;
    return;
  }
  if (priority >= effective_priority_) {
    preempt_from_ = never;
    follow(parsed, now);
    return;
  }
  if (settings_.nopreempt || passed_ || holds_back(parsed, now)) {
    follow(parsed, now);
    return;
  }
  // Lower, and we preempt: the timer runs on. Who is told of is the last one heard. After a goodbye
  // the place is taken, and this one is not asked in any more.
  remember_master(parsed, now);
  heard_at_ = now;
  planned_ = false;
  if (first_time(lower_priority_heard)) {
    log(LogLevel::info, fmt::format("received lower priority ({}) advert from {} - discarding",
                                    priority, parsed.envelope.source.text()));
  }
}

// True while preempt_delay runs; the first lower advert starts it.
bool Instance::holds_back(const ParsedAdvert& parsed, Instant now) {
  if (settings_.preempt_delay == 0s) return false;
  if (preempt_from_ == never) {
    preempt_from_ = now + settings_.preempt_delay;
    log(LogLevel::info,
        fmt::format("start preempt delay ({:.6f}) against {}", to_seconds(settings_.preempt_delay),
                    parsed.envelope.source.text()),
        true);
  }
  return now < preempt_from_;
}

void Instance::follow(const ParsedAdvert& parsed, Instant now) {
  remember_master(parsed, now);
  heard_at_ = now;
  planned_ = false;
  asked_at_ = never;
  guard_.forget_answer();
  if (!held_back_.empty()) hold_back({});
  if (settings_.version == 3) {
    if (parsed.advert.interval != settings_.advert_interval && first_time(interval_differs)) {
      log(LogLevel::warning, describe(Reject::interval, parsed, settings_));
    }
    master_interval_ = parsed.advert.interval;
  }
  wait_for_master(now + down_time());
  if (dropped_ownership_ && parsed.advert.priority < owner_priority) {
    dropped_ownership_ = false;
    review_priority(now);
  }
}

void Instance::hear_as_master(const ParsedAdvert& parsed, Instant now) {
  const std::uint8_t priority = parsed.advert.priority;
  if (silent_master_ == parsed.envelope.source) silent_master_.reset();
  // The word to take over has overtaken the last advert of the one that gave it.
  const bool is_old = passed_by_ == parsed.envelope.source && now - since_ < handover_linger;
  if (is_old && priority > 0) return;
  doubt(parsed, now);
  if (priority == 0) {
    // There were two masters: the other's announcements may still be believed.
    send_and_restart(now);
    announce_conflict(now);
    return;
  }
  if (priority == effective_priority_ && parsed.envelope.source == source_) {
    if (first_time(own_address_heard)) {
      log(LogLevel::warning, fmt::format("another node uses our address {} and priority {}",
                                         source_->text(), priority));
    }
    return;
  }
  const bool is_higher = priority > effective_priority_ ||
                         (priority == effective_priority_ && parsed.envelope.source > *source_);
  if (is_higher) {
    step_down(parsed, now);
    return;
  }
  if (priority == owner_priority) contest_owner(parsed, now);
  if (state_ == State::master) insist(parsed, now);
}

void Instance::insist(const ParsedAdvert& parsed, Instant now) {
  if (!settings_.lower_priority_no_advert) send_and_restart(now);
  // Its announcements are long past, unless it had but just become the master itself.
  const bool ordinary =
      master_ == parsed.envelope.source && since_ - first_heard_ > handover_window;
  if (ordinary && now - since_ < std::min<Duration>(handover_window, settings_.advert_interval)) {
    return;
  }
  if (now >= next_conflict_at_) {
    log(LogLevel::info,
        fmt::format("Received advert from {} with lower priority {}, ours {}, forcing new election",
                    parsed.envelope.source.text(), parsed.advert.priority, effective_priority_));
    if (parsed.authentication) log(LogLevel::info, "IPSEC-AH : Syncing seq_num - Increment seq");
  }
  actions_.emplace_back(action::Notify{action::Notice::lower_priority, effective_priority_});
  announce_conflict(now);
}

void Instance::step_down(const ParsedAdvert& parsed, Instant now) {
  const std::string from = parsed.envelope.source.text();
  const std::uint8_t priority = parsed.advert.priority;
  std::string reason =
      priority > effective_priority_
          ? fmt::format("Master received advert from {} with higher priority {}, ours {}", from,
                        priority, effective_priority_)
          : fmt::format(
                "Master received advert from {} with same priority {} but higher IP address "
                "than ours",
                from, priority);
  log(LogLevel::info, reason);
  // So that the other announces itself again. (Two owners: a keepalived that hears another one
  // gives up as well, but answers a goodbye.)
  send(effective_priority_ == owner_priority ? 0 : effective_priority_);
  remember_master(parsed, now);
  if (settings_.version == 3) master_interval_ = parsed.advert.interval;
  become_backup(reason.substr(std::string_view("Master ").size()), down_time(), handover_linger,
                now);
  heard_at_ = now;
}

// Two owners can only be a mistake. The lower address backs off by the ordinary rule; the higher
// gives it time for that, and then stops being an owner, so that the segment is not split for ever
// when the other cannot hear.
void Instance::contest_owner(const ParsedAdvert& parsed, Instant now) {
  if (contested_since_ == never) {
    contested_since_ = now;
    contested_adverts_ = 0;
    log(LogLevel::warning, fmt::format("{} also has priority 255, the address owner's",
                                       parsed.envelope.source.text()));
    return;
  }
  const Duration patience = 2 * settings_.advert_interval + settings_.advert_interval * 6 / 5;
  if (contested_adverts_ < 2 || now - contested_since_ < patience) return;
  dropped_ownership_ = true;
  review_priority(now);
  step_down(parsed, now);
}

void Instance::hear_as_yielding(const ParsedAdvert& parsed, Instant now) {
  if (parsed.advert.priority == 0 || !yield_end_.empty()) return;
  yield_end_ = fmt::format("{}; {} took over with priority {}", passing_ ? "passed on" : "stopped",
                           parsed.envelope.source.text(), parsed.advert.priority);
  remember_master(parsed, now);
  if (settings_.version == 3) master_interval_ = parsed.advert.interval;
  yield_until_ = now + handover_linger;
  // Perhaps no successor but the master from before, which was cut off and has never heard of us:
  // the neighbours believe our announcements until it makes its own, which it does at this word.
  if (zero_sent_ && silent_master_ == parsed.envelope.source) send(0);
}

void Instance::count_reject(Reject reject, const ParsedAdvert& parsed) {
  ++counters_.rejected[static_cast<std::size_t>(reject)];
  if (reject == Reject::virtual_router_id || !first_time(static_cast<unsigned>(reject))) return;
  log(LogLevel::warning, describe(reject, parsed, settings_));
}

void Instance::note_addresses(const ParsedAdvert& parsed) {
  const auto difference = compare_addresses(parsed.advert, settings_);
  if (!difference) return;
  ++counters_.address_mismatches;
  if (first_time(addresses_differ)) {
    log(LogLevel::warning, fmt::format("{} (from {})", *difference, parsed.envelope.source.text()));
  }
}

void Instance::remember_master(const ParsedAdvert& parsed, Instant now) {
  lost_ = false;
  if (parsed.advert.priority > 0) claim_ = parsed.advert.priority;
  if (master_ != parsed.envelope.source) {
    told_ = 0;
    first_heard_ = now;
    may_ask_again_ = true;
  }
  master_ = parsed.envelope.source;
  master_priority_ = parsed.advert.priority;
}

}  // namespace baton::vrrp
