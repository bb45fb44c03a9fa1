// The wheel against a plain sorted list, and its promises.

#include "runtime/timer_wheel.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/random.h"

namespace baton::runtime {
namespace {

struct Probe final : TimerEntry {
  void expired() override { ++fired; }
  int fired = 0;
};

const Instant start(Duration(5'000'000'123));

TEST(TimerWheel, NeverFiresEarlyAndAtMostOneTickLate) {
  TimerWheel wheel(start);
  Random random(42);
  struct Armed {
    std::unique_ptr<Probe> probe;
    Instant deadline;
  };
  std::vector<Armed> armed;
  Instant now = start;
  int checked = 0;
  for (int step = 0; step < 20000; ++step) {
    const Duration ahead(static_cast<std::int64_t>(
        random.below(1) + random.below(random.chance(20) ? 400'000'000'000 : 300'000'000)));
    armed.push_back({std::make_unique<Probe>(), now + ahead});
    wheel.arm(*armed.back().probe, armed.back().deadline);
    now += Duration(static_cast<std::int64_t>(random.below(20'000'000)));
    wheel.advance(now);
    std::erase_if(armed, [&](const Armed& entry) {
      if (entry.probe->fired) {
        EXPECT_GE(now, entry.deadline);
        EXPECT_EQ(entry.probe->fired, 1);
        ++checked;
        return true;
      }
      EXPECT_LT(now, entry.deadline + 2ms);
      return false;
    });
  }
  EXPECT_GT(checked, 15000);
}

TEST(TimerWheel, NextDueIsNeverLaterThanTheEarliestDeadline) {
  TimerWheel wheel(start);
  EXPECT_EQ(wheel.next_due(), never);
  Probe far;
  Probe near;
  wheel.arm(far, start + 10h);
  EXPECT_LE(wheel.next_due(), start + 10h + 1ms);
  wheel.arm(near, start + 5ms);
  EXPECT_GE(wheel.next_due(), start + 4ms);
  EXPECT_LE(wheel.next_due(), start + 6ms);
  near.disarm();
  EXPECT_GT(wheel.next_due(), start + 6ms);
}

TEST(TimerWheel, ATimerBeyondTheRimStillFires) {
  TimerWheel wheel(start);
  Probe probe;
  wheel.arm(probe, start + 24h * 40);
  Instant now = start;
  for (int day = 0; day < 41 && !probe.fired; ++day) {
    now += 24h;
    wheel.advance(now);
    if (day < 39) EXPECT_EQ(probe.fired, 0) << day;
  }
  EXPECT_EQ(probe.fired, 1);
}

TEST(TimerWheel, AnEntryDestroyedBeforeItsTimeIsForgotten) {
  TimerWheel wheel(start);
  {
    Probe probe;
    wheel.arm(probe, start + 3ms);
  }
  wheel.advance(start + 10ms);
  EXPECT_EQ(wheel.next_due(), never);
}

}  // namespace
}  // namespace baton::runtime
