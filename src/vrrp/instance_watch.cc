// Fast detection: what the machine makes of a closely watched master. Silence of the watched one
// shortens the wait, nothing else: the election itself, with its priorities, stays VRRP's.
//
// Several backups lose the same master at the same moment (bfd/session_table.h). Who has the
// highest priority waits least, and its advert ends the waiting of the others.

#include <algorithm>

#include "vrrp/instance.h"
#include "vrrp/timers.h"

namespace baton::vrrp {

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
  if (heard_at_ == never || master_down_at_ == never || master_priority_ == 0) return;
  log(LogLevel::info, "BFD lost the master", true);
  lost_ = true;
  const Instant silent_at = std::max(now, heard_at_ + lost.detection);
  master_down_at_ = std::min(master_down_at_, silent_at + quick_skew());
}

Duration Instance::quick_skew() const {
  return skew_time(3, effective_priority_, stagger_);
}

Duration Instance::skew_after_goodbye() const {
  return master_ && watched_ == master_ ? std::min(quick_skew(), skew()) : skew();
}

}  // namespace baton::vrrp
