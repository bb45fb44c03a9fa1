// States, timers and trackers of the machine; adverts are in instance_adverts.cc.

#include "vrrp/instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/assert.h"
#include "vrrp/timers.h"

namespace baton::vrrp {

namespace {

// Below the usual advert interval, whose beat is never met to the microsecond.
constexpr Duration probe_interval = 900ms;
constexpr Duration recheck_interval = 250ms;
constexpr Duration conflict_echo = handover_linger / 2;
// RFC 5227 section 2.4: how often an address is defended against one that does not give up.
constexpr Duration defence_interval = 10s;

ChecksumForm first_form(ChecksumPolicy policy) {
  switch (policy) {
    case ChecksumPolicy::automatic:
    case ChecksumPolicy::standard:
      return ChecksumForm::standard;
    case ChecksumPolicy::old_unicast:
      return ChecksumForm::multicast_destination;
    case ChecksumPolicy::without_pseudo_header:
      return ChecksumForm::without_pseudo_header;
  }
  BATON_ASSERT(false);
}

}  // namespace

const char* name_of(State state) {
  switch (state) {
    case State::init:
      return "INIT";
    case State::backup:
      return "BACKUP";
    case State::master:
      return "MASTER";
    case State::fault:
      return "FAULT";
    case State::stopped:
      return "STOPPED";
  }
  BATON_ASSERT(false);
}

std::uint64_t Counters::rejected_total() const {
  return std::accumulate(rejected.begin(), rejected.end(), std::uint64_t{0});
}

Instance::Instance(Settings settings)
    : settings_(std::move(settings)),
      effective_priority_(settings_.priority),
      checksum_form_(first_form(settings_.checksum)),
      replays_(settings_.peers.empty() ? replay_senders : settings_.peers.size()),
      master_interval_(settings_.advert_interval),
      guard_(settings_.takeover) {
  for (const auto& tracker : settings_.trackers) trackers_.push_back(Tracker{tracker, {}, {}});
}

Actions Instance::handle(const Event& event, Instant now) {
  actions_.clear();
  if (state_ != State::stopped) {
    std::visit([&](const auto& single) { on(single, now); }, event);
  }
  return std::exchange(actions_, {});
}

Instant Instance::deadline() const {
  return std::min({master_down_at_, advert_at_, announce_again_at_, conflict_again_at_, echo_at_,
                   refresh_at_, yield_until_, release_at_, recheck_at_, report_at_, ask_witness_at_,
                   settle_at_});
}

Advert Instance::make_advert(std::uint8_t priority) const {
  Advert advert;
  advert.version = settings_.version;
  advert.virtual_router_id = settings_.virtual_router_id;
  advert.priority = priority;
  advert.interval = settings_.advert_interval;
  advert.auth_type = settings_.auth_type;
  if (settings_.auth_type == auth_password) advert.password = settings_.password;
  advert.addresses = settings_.addresses;
  return advert;
}

void Instance::sign(std::vector<std::uint8_t>& message, const net::IpAddress& source,
                    WallTime now) {
  if (settings_.hmac.enabled()) signer_.sign(message, source, settings_.hmac, now);
}

ChecksumForm Instance::checksum_form() const {
  if (settings_.family == net::Family::ipv6) return ChecksumForm::standard;
  const bool unicast = !settings_.peers.empty();
  if (checksum_form_ == ChecksumForm::multicast_destination && !unicast) {
    return ChecksumForm::standard;
  }
  return checksum_form_;
}

std::optional<net::IpAddress> Instance::master() const {
  return state_ == State::master ? source_ : master_;
}

std::optional<std::uint8_t> Instance::master_priority() const {
  if (state_ == State::master) return effective_priority_;
  if (!master_) return std::nullopt;
  return master_priority_;
}

std::vector<std::string> Instance::faults() const {
  std::vector<std::string> texts;
  if (!settings_.permanent_fault.empty()) texts.push_back(settings_.permanent_fault);
  for (const auto& tracker : trackers_) {
    if (tracker.is_fault()) texts.push_back(tracker.fault_text());
  }
  if (started_ && !source_) texts.emplace_back("no source address");
  if (!group_fault_.empty()) {
    texts.push_back(
        fmt::format("sync group {}: {} is in fault", settings_.sync_group, group_fault_));
  }
  return texts;
}

bool Instance::has_own_fault() const {
  return !settings_.permanent_fault.empty() || (started_ && !source_) ||
         std::ranges::any_of(trackers_, &Tracker::is_fault);
}

void Instance::on(const event::Start&, Instant now) {
  if (started_) return;
  started_ = true;
  since_ = now;
  guard_.begin(now);
  if (settings_.takeover.second_path) report_at_ = now;
  review_priority(now);
  review_trackers(now);
}

void Instance::on(const event::TimerDue&, Instant now) {
  run_reports(now);
  if (yield_until_ <= now) {
    end_yield(now);
    return;
  }
  if (release_at_ <= now) release_addresses();
  if (master_down_at_ <= now && ask_before_preempting(now)) return;
  if (master_down_at_ <= now && (!take_over_.empty() || may_take_over(now))) {
    log(LogLevel::info, "Receive advertisement timeout", true);
    if (settings_.sync_group.empty()) {
      become_master(timeout_reason(now), now);
      return;
    }
    master_down_at_ = never;
    wish_ = timeout_reason(now);
  }
  if (advert_at_ <= now) {
    // The question goes first: after the advert nobody else would say yes.
    if (now >= next_probe_at_) probe(now);
    // On the beat, unless a beat was missed: then a new one begins.
    advert_at_ += settings_.advert_interval;
    if (advert_at_ <= now) advert_at_ = next_beat(now);
    send(effective_priority_);
    ++contested_adverts_;
  }
  if (recheck_at_ <= now) recheck_claim(now);
  run_announcements(now);
}

void Instance::on(const event::TrackerReported& report, Instant now) {
  BATON_ASSERT(report.index < trackers_.size());
  Tracker& tracker = trackers_[report.index];
  tracker.health = report.health;
  tracker.detail = report.detail;
  tracker.value = report.value;
  if (!started_) return;
  review_priority(now);
  review_trackers(now);
}

void Instance::on(const event::SourceChanged& change, Instant now) {
  source_ = change.source;
  if (started_) review_trackers(now);
}

// Whoever was paused has missed adverts, or has missed sending them. What the timers say is then
// worth nothing: a backup gives the master one more interval, and a master that was silent for so
// long that others must have been elected listens before it sends.
void Instance::on(const event::Slept& sleep, Instant now) {
  const Duration listen = master_interval_ + skew();
  if (state_ == State::backup && sleep.length * 2 >= master_interval_) {
    wait_for_master(wish_ ? now + listen : std::max(master_down_at_, now + listen));
    return;
  }
  if (state_ != State::master || is_yielding()) return;
  if (sleep.length < settings_.down_timer_adverts * settings_.advert_interval) return;
  // Neighbours may still believe us: whoever was elected learns of it and announces itself.
  send(0);
  become_backup(fmt::format("did not run for {:.1f} s", to_seconds(sleep.length)), listen, 0s, now);
  release_addresses();
}

void Instance::on(event::Reconfigured change, Instant now) {
  const auto earlier = std::move(trackers_);
  trackers_.clear();
  for (const auto& wanted : change.settings.trackers) {
    Tracker tracker{wanted, Health::unknown, {}};
    const auto known = std::ranges::find(earlier, wanted.name,
                                         [](const Tracker& old) { return old.settings.name; });
    if (known != earlier.end()) {
      tracker.health = known->health;
      tracker.detail = known->detail;
      tracker.value = known->value;
    }
    trackers_.push_back(std::move(tracker));
  }
  const bool same_addresses = settings_.addresses == change.settings.addresses;
  const Duration earlier_down_time = down_time();
  if (state_ != State::backup) master_interval_ = change.settings.advert_interval;
  if (settings_.version == 2) master_interval_ = change.settings.advert_interval;
  if (settings_.checksum != change.settings.checksum) {
    checksum_form_ = first_form(change.settings.checksum);
  }
  settings_ = std::move(change.settings);
  guard_.set_rules(settings_.takeover);
  if (!settings_.takeover.second_path || !started_) {
    report_at_ = never;
  } else {
    // On the beat: a reload of the same file is not to be seen.
    report_at_ = report_at_ == never
                     ? now
                     : std::min(report_at_, now + settings_.takeover.heartbeat_interval);
  }
  if (settings_.sync_group.empty()) {
    group_fault_.clear();
    if (wish_) wait_for_master(now);
  }
  told_ = 0;
  if (master_down_at_ != never) master_down_at_ += down_time() - earlier_down_time;
  if (!started_) return;
  review_priority(now);
  if (state_ == State::backup && holds_addresses() && !same_addresses) release_addresses();
  if (is_yielding() && !same_addresses) actions_.emplace_back(action::AddAddresses{});
  if (state_ == State::master && !is_yielding()) {
    actions_.emplace_back(action::AddAddresses{});
    send_and_restart(now);
    if (!same_addresses) {
      actions_.emplace_back(action::Announce{settings_.announce.repeat});
    }
  }
  review_trackers(now);
}

void Instance::on(const event::GroupMaster&, Instant now) {
  if (state_ != State::backup || !wish_) return;
  become_master(*std::exchange(wish_, std::nullopt), now);
}

// The successor of a whole group sends for all members at once, and needs a moment for addresses.
void Instance::on(const event::GroupBackup& command, Instant now) {
  if (state_ != State::master || is_yielding()) return;
  send(0);
  log(LogLevel::info, "sent 0 priority", true);
  become_backup(command.reason, down_time(), handover_linger, now);
}

void Instance::on(const event::GroupFault& fault, Instant now) {
  group_fault_ = fault.cause;
  if (started_) review_trackers(now);
}

void Instance::enter(State state, std::string reason, Instant now) {
  actions_.emplace_back(action::Transition{state_, state, reason});
  if (state == State::master) ++counters_.became_master;
  if (state_ == State::master) ++counters_.released_master;
  state_ = state;
  since_ = now;
  reason_ = std::move(reason);
  clear_timers();
  told_ = 0;
  heard_at_ = asked_at_ = never;
  passing_ = false;
  planned_ = waits_for_witness_ = false;
  held_back_.clear();
  obstacle_ = TakeoverGuard::Obstacle::none;
  if (settings_.takeover.second_path) {
    actions_.emplace_back(action::SendReport{});
    report_at_ = state == State::stopped ? never : now + settings_.takeover.heartbeat_interval;
  }
}

void Instance::become_backup(std::string reason, Duration wait, Duration linger, Instant now) {
  const bool was_init = state_ == State::init;
  const bool was_master = state_ == State::master;
  enter(State::backup, std::move(reason), now);
  log(LogLevel::info, was_init ? "Entering BACKUP STATE (init)" : "Entering BACKUP STATE");
  if (was_master) release_at_ = now + linger;
  wait_for_master(now + wait);
  actions_.emplace_back(action::Notify{action::Notice::backup, effective_priority_});
}

// The advert goes first: every other node holds back from then on.
void Instance::become_master(std::string reason, Instant now) {
  const auto lost_master = lost_ ? master_ : std::nullopt;
  passed_by_ = take_over_.empty() ? std::nullopt : master_;
  const bool is_silent =
      lost_ || (!planned_ && heard_at_ != never && now - heard_at_ >= down_time());
  silent_master_ = take_over_.empty() && is_silent ? master_ : std::nullopt;
  if (dropped_ownership_) {
    dropped_ownership_ = false;
    review_priority(now);
  }
  send(effective_priority_);
  enter(State::master, std::move(reason), now);
  passed_ = false;
  log(LogLevel::info, "Entering MASTER STATE");
  log(LogLevel::info, "setting VIPs.", true);
  actions_.emplace_back(action::AddAddresses{});
  actions_.emplace_back(action::Announce{settings_.announce.repeat});
  actions_.emplace_back(action::Notify{action::Notice::master, effective_priority_});
  master_interval_ = settings_.advert_interval;
  advert_at_ = next_beat(now);
  const AnnounceSchedule& schedule = settings_.announce;
  if (schedule.delay > 0s) announce_again_at_ = now + schedule.delay;
  if (schedule.refresh > 0s) refresh_at_ = now + schedule.delay + schedule.refresh;
  if (lost_master) settle(lost_master, now);
}

void Instance::become_fault(std::string reason, Instant now) {
  const bool was_init = state_ == State::init;
  const bool was_master = state_ == State::master;
  const bool held = holds_addresses();
  if (was_master) send(0);
  log(LogLevel::info, fmt::format("entering FAULT state ({})", reason));
  enter(State::fault, std::move(reason), now);
  log(LogLevel::info, was_init ? "Entering FAULT STATE (init)" : "Entering FAULT STATE");
  if (was_master) log(LogLevel::info, "sent 0 priority", true);
  if (held) release_addresses();
  actions_.emplace_back(action::Notify{action::Notice::fault, effective_priority_});
}

void Instance::leave_init_or_fault(Instant now) {
  std::string reason = state_ == State::init ? "started" : "all faults are gone";
  master_.reset();
  master_interval_ = settings_.advert_interval;
  const bool at_once = is_owner() && settings_.wants_master;
  if (state_ == State::fault) guard_.begin(now);
  if (at_once && settings_.sync_group.empty() && !settings_.takeover.active()) {
    become_master(std::move(reason), now);
  } else {
    become_backup(std::move(reason), at_once ? Duration(0s) : down_time(), 0s, now);
  }
}

void Instance::wait_for_master(Instant at) {
  wish_.reset();
  take_over_.clear();
  master_down_at_ = at;
  waits_for_witness_ = false;
  ask_witness_at_ = settings_.takeover.witness ? at - witness_lead() : never;
}

void Instance::release_addresses() {
  release_at_ = never;
  log(LogLevel::info, "removing VIPs.", true);
  actions_.emplace_back(action::RemoveAddresses{});
}

void Instance::review_trackers(Instant now) {
  const auto problems = faults();
  if (!problems.empty()) {
    // A master that yields is on its way out; a fault ends its patience.
    if (is_yielding() && !passing_) {
      finish_stop(problems.front(), now);
    } else if (state_ != State::fault) {
      become_fault(problems.front(), now);
    }
    return;
  }
  if (state_ == State::fault || (state_ == State::init && !is_undecided())) {
    leave_init_or_fault(now);
  }
}

void Instance::review_priority(Instant now) {
  int total = settings_.priority;
  for (const auto& tracker : trackers_) total += tracker.contribution();
  std::uint8_t effective = static_cast<std::uint8_t>(std::clamp(total, 1, 254));
  if (settings_.priority == owner_priority) {
    effective = dropped_ownership_ ? owner_priority - 1 : owner_priority;
  }
  if (effective == effective_priority_) return;
  const Duration earlier_down_time = down_time();
  log(LogLevel::info,
      fmt::format("Changing effective priority from {} to {}", effective_priority_, effective));
  effective_priority_ = effective;
  actions_.emplace_back(action::Notify{action::Notice::priority, effective});
  if (master_down_at_ != never) {
    master_down_at_ = std::max(now, master_down_at_ + (down_time() - earlier_down_time));
  }
}

void Instance::clear_timers() {
  master_down_at_ = advert_at_ = announce_again_at_ = conflict_again_at_ = echo_at_ = refresh_at_ =
      yield_until_ = release_at_ = recheck_at_ = preempt_from_ = contested_since_ =
          ask_witness_at_ = report_at_ = settle_at_ = never;
  conflict_.clear();
  wish_.reset();
  take_over_.clear();
  lost_ = false;
}

void Instance::send(std::uint8_t priority) {
  actions_.emplace_back(action::SendAdvert{priority, next_sequence()});
  ++counters_.adverts_sent;
  if (priority == 0) ++counters_.priority_zero_sent;
}

std::uint32_t Instance::next_sequence() {
  if (settings_.auth_type != auth_header) return 0;
  if (sequence_ >= last_sequence) return sequence_;
  ++sequence_;
  if (sequence_ == last_sequence) {
    log(LogLevel::error, "IPSEC-AH : the sequence numbers are used up: restart all routers");
  }
  return sequence_;
}

void Instance::send_and_restart(Instant now) {
  send(effective_priority_);
  advert_at_ = next_beat(now);
}

// An interval from now, or up to a tenth sooner. Intervals are multiples of 10 ms, so the beat
// stays where it is.
Instant Instance::next_beat(Instant now) const {
  const Duration grid = std::min<Duration>(beat_grid, settings_.advert_interval / 10);
  const Instant full = now + settings_.advert_interval;
  return full - full.time_since_epoch() % grid;
}

// Another master was there: neighbours may have believed it. Bounded to two bursts an interval, so
// that a node that cannot hear us does not make us flood the segment; but no conflict goes without
// a burst after it, for a second rival may have announced itself after the burst for the first.
// The echo comes before a rival that steps down lets its addresses go (handover_linger).
void Instance::announce_conflict(Instant now) {
  const AnnounceSchedule& schedule = settings_.announce;
  if (schedule.conflict_repeat == 0) return;
  if (now < next_conflict_at_) {
    if (echo_at_ == never) echo_at_ = echoed_ ? next_conflict_at_ : now + conflict_echo;
    echoed_ = true;
    return;
  }
  echoed_ = false;
  next_conflict_at_ = now + std::min<Duration>(settings_.advert_interval, 1s);
  actions_.emplace_back(action::Announce{schedule.conflict_repeat});
  if (schedule.conflict_delay > 0s) conflict_again_at_ = now + schedule.conflict_delay;
}

// About once a second at most. Unicast peers may be anywhere: there is no link to ask.
void Instance::probe(Instant now) {
  if (!settings_.peers.empty() || settings_.addresses.empty()) return;
  next_probe_at_ = now + probe_interval;
  actions_.emplace_back(action::Probe{});
}

// While an address is claimed it is asked for more often; once nobody answers, the conflict is
// over, and whom the neighbours believe is a matter of chance until we announce ourselves.
void Instance::on(const event::AddressClaimed& claim, Instant now) {
  if (state_ != State::master || is_yielding() || now - since_ < handover_window) return;
  claim_answered_ = true;
  if (recheck_at_ != never) return;
  conflict_ = fmt::format("{} is also held by {}", claim.address.text(), claim.by.text());
  log(LogLevel::warning, conflict_);
  announce_conflict(now);
  recheck_at_ = now + recheck_interval;
  next_defence_at_ = now + defence_interval;
}

void Instance::recheck_claim(Instant now) {
  if (!std::exchange(claim_answered_, false)) {
    recheck_at_ = never;
    conflict_.clear();
    log(LogLevel::info, "nobody else holds our addresses any more");
    next_conflict_at_ = now;
    announce_conflict(now);
    return;
  }
  probe(now);
  recheck_at_ = now + recheck_interval;
  if (now < next_defence_at_) return;
  next_defence_at_ = now + defence_interval;
  actions_.emplace_back(action::Announce{1});
}

void Instance::run_announcements(Instant now) {
  const AnnounceSchedule& schedule = settings_.announce;
  if (announce_again_at_ <= now) {
    announce_again_at_ = never;
    actions_.emplace_back(action::Announce{schedule.repeat});
  }
  if (conflict_again_at_ <= now) {
    conflict_again_at_ = never;
    actions_.emplace_back(action::Announce{schedule.conflict_repeat});
  }
  if (settle_at_ <= now) {
    settle_at_ = now + settle_interval < settle_until_ ? now + settle_interval : never;
    actions_.emplace_back(action::Announce{1});
  }
  if (echo_at_ <= now) {
    echo_at_ = never;
    actions_.emplace_back(action::Announce{schedule.conflict_repeat});
  }
  if (refresh_at_ <= now) {
    refresh_at_ = schedule.refresh > 0s ? now + schedule.refresh : never;
    actions_.emplace_back(action::Announce{schedule.refresh_repeat});
  }
}

void Instance::log(LogLevel level, std::string text, bool detail) {
  actions_.emplace_back(
      action::LogLine{level, fmt::format("({}) {}", settings_.name, text), detail});
}

bool Instance::first_time(unsigned cause) {
  const std::uint32_t bit = 1u << cause;
  if (told_ & bit) return false;
  told_ |= bit;
  return true;
}

Duration Instance::down_time() const {
  return master_down_time(settings_.version, effective_priority_, master_interval_,
                          settings_.down_timer_adverts);
}

Duration Instance::skew() const {
  return skew_time(settings_.version, effective_priority_, master_interval_);
}

bool Instance::is_owner() const {
  return effective_priority_ == owner_priority;
}

bool Instance::is_undecided() const {
  return std::ranges::any_of(trackers_, &Tracker::is_undecided);
}

std::string Instance::timeout_reason(Instant now) const {
  if (!take_over_.empty()) return take_over_;
  if (!master_ || heard_at_ == never) {
    return fmt::format("no advert for {:.3f} s", to_seconds(now - since_));
  }
  const double silence_s = to_seconds(now - heard_at_);
  if (lost_) {
    return fmt::format("BFD lost master {}, last advert {:.3f} s ago", master_->text(), silence_s);
  }
  if (master_priority_ == 0) {
    return fmt::format("master {} gave up {:.3f} s ago", master_->text(), silence_s);
  }
  if (master_priority_ < effective_priority_) {
    return fmt::format("priority {} is higher than {} of {}", effective_priority_, master_priority_,
                       master_->text());
  }
  return fmt::format("no advert from {} for {:.3f} s", master_->text(), silence_s);
}

}  // namespace baton::vrrp
