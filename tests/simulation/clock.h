// The monotonic clock of one host: runs a little faster or slower than the world's, may leap ahead
// and may stand still. The machines see nothing else; no two hosts agree about the time.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace baton::simulation {

class LocalClock {
 public:
  LocalClock() = default;
  // Shows `shown` now, at the world's beginning.
  LocalClock(Instant shown, int drift_ppm) : local_(shown), drift_ppm_(drift_ppm) {}

  // What it shows when the world's time is `world`.
  [[nodiscard]] Instant local(Instant world) const {
    const Duration::rep passed = (world - world_).count();
    if (drift_ppm_ == 0) return local_ + Duration(passed);
    return local_ + Duration(scaled(passed, million + drift_ppm_, million));
  }
  // The first moment of the world at which it shows `local` or more.
  [[nodiscard]] Instant world(Instant local) const {
    if (local == never) return never;
    const Duration::rep wanted = (local - local_).count();
    if (drift_ppm_ == 0) return world_ + Duration(wanted);
    Instant found = world_ + Duration(scaled(wanted, million, million + drift_ppm_));
    while (this->local(found) < local) found += Duration(1);
    return found;
  }
  // Leaps by `step`, which may be negative where the clock stood still for that long.
  void leap(Instant world_now, Duration step) {
    local_ = local(world_now) + step;
    world_ = world_now;
  }

 private:
  static constexpr std::int64_t million = 1'000'000;
  static Duration::rep scaled(Duration::rep value, std::int64_t by, std::int64_t per) {
    return static_cast<Duration::rep>(static_cast<__int128>(value) * by / per);
  }

  Instant world_{};
  Instant local_{};
  std::int64_t drift_ppm_ = 0;
};

}  // namespace baton::simulation
