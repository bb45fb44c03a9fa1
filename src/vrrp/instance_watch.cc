// Fast detection: what the machine makes of a closely watched master. Silence of the watched one
// shortens the wait, nothing else: the election itself, with its priorities, stays VRRP's.
//
// Several backups lose the same master at the same moment (bfd/session_table.h). Who has the
// highest priority waits least, and its advert ends the waiting of the others.

#include <fmt/format.h>

#include <algorithm>

#include "vrrp/instance.h"
#include "vrrp/timers.h"

namespace baton::vrrp {

namespace {

// A master that was taken for dead and is heard within this time was not.
constexpr Duration doubt_longest = 3s;
constexpr Duration distrust_shortest = 10s;
constexpr Duration distrust_longest = 300s;

}  // namespace

void Instance::on(const event::MasterWatched& watched, Instant) {
  if (watched.stagger > 0s) {
    watched_ = watched.master;
    stagger_ = watched.stagger;
  } else if (watched_ == watched.master) {
    watched_.reset();
  }
}

// An advert that came after the last packet of the session is a sign of life, too.
void Instance::on(const event::MasterLost& lost, Instant now) {
  if (state_ != State::backup || watched_ != lost.master || master_ != watched_) return;
  if (now < trust_from_) return;
  if (heard_at_ == never || master_down_at_ == never || master_priority_ == 0) return;
  log(LogLevel::info, "BFD lost the master", true);
  lost_ = true;
  const Instant silent_at = std::max(now, heard_at_ + lost.detection);
  master_down_at_ = std::min(master_down_at_, silent_at + quick_skew());
  if (settings_.takeover.witness) ask_witness(now);
}

void Instance::settle(const std::optional<net::IpAddress>& lost_master, Instant now) {
  settle_at_ = now + settle_interval;
  settle_until_ = now + settle_longest;
  taken_for_dead_ = lost_master;
  doubt_until_ = now + doubt_longest;
}

// Something on the way swallows packets of the session, or that node naps: until it is steady
// again VRRP decides alone, so that the address does not go to and fro.
void Instance::doubt(const ParsedAdvert& parsed, Instant now) {
  if (taken_for_dead_ != parsed.envelope.source || now > doubt_until_) return;
  taken_for_dead_.reset();
  distrust_ = std::clamp<Duration>(2 * distrust_, distrust_shortest, distrust_longest);
  trust_from_ = now + distrust_;
  log(LogLevel::warning,
      fmt::format("{} was taken for dead by BFD and is not: for {} s only VRRP decides",
                  parsed.envelope.source.text(), to_seconds(distrust_)));
}

// The next in line of the master hardly waits.
Duration Instance::quick_skew() const {
  const int steps = std::max(0, claim_ - effective_priority_);
  return steps * stagger_ / 256;
}

Duration Instance::skew_after_goodbye() const {
  return master_ && watched_ == master_ ? std::min(quick_skew(), skew()) : skew();
}

}  // namespace baton::vrrp
