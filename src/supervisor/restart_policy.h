// When a crashed child is started again: the first times at once (a proxy that dies once in a month
// costs its connections and nothing more), then, if the new one dies young again, after a pause
// that doubles from 1 s to 60 s. A life of 60 s or more forgives all that was before. The pauses
// are keepalived's figures for its own children.
//
// Pure: `now` is a parameter.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace baton::supervisor {

class RestartPolicy {
 public:
  static constexpr unsigned at_once_max = 3;
  static constexpr Duration young = 60s;
  static constexpr Duration pause_min = 1s;
  static constexpr Duration pause_max = 60s;

  void started(Instant now) { started_ = now; }
  // The child died at `now`; gives how long to wait before the next start, 0 for at once.
  Duration died(Instant now);
  // Crashes since the supervisor started.
  [[nodiscard]] std::uint32_t crashes() const { return crashes_; }
  // An operator's `start` or a new configuration: begin anew.
  void forgive() { at_once_ = 0, next_pause_ = pause_min; }

 private:
  Instant started_{};
  unsigned at_once_ = 0;  // young deaths in a row that were answered at once
  Duration next_pause_ = pause_min;
  std::uint32_t crashes_ = 0;
};

}  // namespace baton::supervisor
