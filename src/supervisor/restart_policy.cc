// The doubling pause.

#include "supervisor/restart_policy.h"

#include <algorithm>

namespace baton::supervisor {

Duration RestartPolicy::died(Instant now) {
  ++crashes_;
  if (now - started_ >= young) next_pause_ = 0s;
  const Duration pause = next_pause_;
  next_pause_ = std::clamp(next_pause_ * 2, pause_min, pause_max);
  return pause;
}

}  // namespace baton::supervisor
