// Whether so much comes in that it is worth waiting for more: a process that is woken for every
// single packet of a crowd spends its time on being woken. Counts over short windows, so that one
// burst is no crowd and the end of a crowd is seen soon. Pure.
#pragma once

#include "base/time.h"

namespace baton::failover {

class CrowdGauge {
 public:
  static constexpr Duration window = 100ms;
  static constexpr std::int64_t crowd = 50;  // packets in a window

  // So many came until `now`.
  void note(std::size_t packets, Instant now) {
    counted_ += static_cast<std::int64_t>(packets);
    const Duration length = now - since_;
    if (length < window) return;
    crowded_ = counted_ * window >= crowd * length;
    counted_ = 0;
    since_ = now;
  }
  [[nodiscard]] bool crowded() const { return crowded_; }

 private:
  std::int64_t counted_ = 0;
  Instant since_{};
  bool crowded_ = false;
};

}  // namespace baton::failover
