// The wheel: a timer's level is that of the highest group of six bits in which its tick differs
// from the present one; when the wheel comes to a slot of a higher level, its timers are sorted
// into lower ones.

#include "runtime/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace baton::runtime {

namespace {
constexpr std::int64_t tick_ns = 1'000'000;
}

void TimerWheel::arm(TimerEntry& entry, Instant deadline) {
  entry.disarm();
  if (deadline == never) return;
  const std::int64_t ns = std::max<std::int64_t>(0, (deadline - origin_).count());
  // Rounded up, so that nothing fires early.
  entry.tick_ = static_cast<std::uint64_t>((ns + tick_ns - 1) / tick_ns);
  insert(entry);
}

void TimerWheel::insert(TimerEntry& entry) {
  const std::uint64_t farthest = now_tick_ + (1ULL << (slot_bits * levels)) - 1;
  // What is due or past sits in the next tick's slot; what is too far waits at the wheel's rim
  // and is inserted again from there.
  const std::uint64_t tick = std::clamp(entry.tick_, now_tick_ + 1, farthest);
  const std::uint64_t difference = (tick ^ now_tick_) | 1;
  const auto level = std::min<unsigned>(
      levels - 1, static_cast<unsigned>(63 - std::countl_zero(difference)) / slot_bits);
  const auto slot = static_cast<unsigned>(tick >> (slot_bits * level)) & (slots - 1);
  level_[level].slot[slot].push_back(entry);
  level_[level].occupied |= 1ULL << slot;
}

bool TimerWheel::find_due(Due& due) {
  bool found = false;
  for (unsigned level = 0; level < levels; ++level) {
    Level& wheel = level_[level];
    const unsigned shift = slot_bits * level;
    const auto current = static_cast<unsigned>(now_tick_ >> shift) & (slots - 1);
    while (wheel.occupied) {
      const std::uint64_t rotated = std::rotr(wheel.occupied, static_cast<int>(current));
      const auto ahead = static_cast<unsigned>(std::countr_zero(rotated));
      const unsigned slot = (current + ahead) & (slots - 1);
      if (wheel.slot[slot].empty()) {
        wheel.occupied &= ~(1ULL << slot);
        continue;
      }
      // A slot "behind" the current one belongs to the next turn of this level; the current one
      // itself does, too, except at level 0 where it cannot be occupied.
      const std::uint64_t turn = (now_tick_ >> shift) + (ahead == 0 ? slots : ahead);
      const std::uint64_t tick = turn << shift;
      if (!found || tick < due.tick) due = {level, slot, tick};
      found = true;
      break;
    }
  }
  return found;
}

Instant TimerWheel::next_due() {
  Due due{};
  if (!find_due(due)) return never;
  return origin_ + Duration(static_cast<std::int64_t>(due.tick) * tick_ns);
}

void TimerWheel::advance(Instant now) {
  const auto target =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, (now - origin_).count()) / tick_ns);
  Due due{};
  while (find_due(due) && due.tick <= target) {
    now_tick_ = std::max(now_tick_, due.tick);
    IntrusiveList<TimerEntry, TimerTag> entries;
    entries.take_all(level_[due.level].slot[due.slot]);
    while (TimerEntry* entry = entries.pop_front()) {
      if (entry->tick_ <= now_tick_) {
        entry->expired();
      } else {
        insert(*entry);
      }
    }
  }
  now_tick_ = std::max(now_tick_, target);
}

}  // namespace baton::runtime
