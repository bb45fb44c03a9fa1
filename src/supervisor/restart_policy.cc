// The doubling pause.

#include "supervisor/restart_policy.h"

#include <algorithm>

namespace baton::supervisor {

Duration RestartPolicy::died(Instant now) {
  ++crashes_;
  if (now - started_ >= young) forgive();
  if (at_once_ < at_once_max) {
    ++at_once_;
    return 0s;
  }
  const Duration pause = next_pause_;
  next_pause_ = std::min(next_pause_ * 2, pause_max);
  return pause;
}

}  // namespace baton::supervisor
