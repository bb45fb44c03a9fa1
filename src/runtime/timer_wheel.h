// A hierarchical timing wheel with ticks of one millisecond: arming and cancelling are O(1) and
// cost no system call, so that every single wait can carry a deadline. Five levels of 64 slots;
// level n holds timers that are 64^n ticks away. A timer never fires early and at most one tick
// late. Pure: time comes in as a parameter.
#pragma once

#include <array>
#include <cstdint>

#include "base/intrusive_list.h"
#include "base/time.h"

namespace baton::runtime {

struct TimerTag;

// Derive from it to be told of a deadline. Leaves the wheel when destroyed.
class TimerEntry : public ListNode<TimerTag> {
 public:
  virtual void expired() = 0;
  [[nodiscard]] bool armed() const { return is_linked(); }
  void disarm() { unlink(); }

 protected:
  ~TimerEntry() = default;

 private:
  friend class TimerWheel;
  std::uint64_t tick_ = 0;
};

class TimerWheel {
 public:
  explicit TimerWheel(Instant start) : origin_(start) {}

  // Arms, or re-arms, `entry`. `never` only disarms it. A deadline that has passed fires at the
  // next advance().
  void arm(TimerEntry& entry, Instant deadline);
  // Fires everything due at `now`, in order of ticks. Entries may be armed and disarmed meanwhile.
  void advance(Instant now);
  // When advance() has something to do next, at the earliest; `never` when nothing is armed.
  [[nodiscard]] Instant next_due();

 private:
  static constexpr unsigned levels = 5;
  static constexpr unsigned slot_bits = 6;
  static constexpr unsigned slots = 1u << slot_bits;

  struct Level {
    std::uint64_t occupied = 0;  // a bit per slot; may be set for a slot that became empty
    std::array<IntrusiveList<TimerEntry, TimerTag>, slots> slot;
  };
  struct Due {
    unsigned level;
    unsigned slot;
    std::uint64_t tick;  // start of the slot
  };
  void insert(TimerEntry& entry);
  [[nodiscard]] bool find_due(Due& due);

  Instant origin_;
  std::uint64_t now_tick_ = 0;
  std::array<Level, levels> level_;
};

}  // namespace baton::runtime
