// The proxy's life as the failover process sees it.

#include "failover/proxy_watch.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

using vrrp::Health;
using State = ProxyWatch::State;

ipc::Pulse turning_pulse(Instant now) {
  auto pulse = ipc::Pulse::create();
  pulse->page().threads = 1;
  pulse->turn(0, now);
  return std::move(*pulse);
}

// A pulse that nobody turns counts as alive for ipc::turn_limit only.
TEST(ProxyWatch, IsUnknownFirstAndMissedAfterAWhile) {
  ProxyWatch watch(Instant{});
  EXPECT_EQ(watch.health(), Health::unknown);
  EXPECT_FALSE(watch.look(Instant{1999ms}));
  EXPECT_EQ(watch.deadline(), Instant{2s});
  EXPECT_TRUE(watch.look(Instant{2s}));
  EXPECT_EQ(watch.health(), Health::down);
  EXPECT_EQ(watch.detail(), "none has announced itself");
}

TEST(ProxyWatch, RestartWithinTheGraceIsNoFailure) {
  ProxyWatch watch(Instant{});
  watch.attached(1, turning_pulse(Instant{1s}), Instant{1s});
  EXPECT_EQ(watch.health(), Health::up);
  watch.life_ended(1, Instant{2s});
  EXPECT_EQ(watch.state(), State::restarting);
  EXPECT_FALSE(watch.look(Instant{2100ms}));
  EXPECT_EQ(watch.health(), Health::up);
  watch.attached(2, turning_pulse(Instant{2100ms}), Instant{2100ms});
  watch.look(Instant{3s});
  EXPECT_EQ(watch.state(), State::alive);
}

TEST(ProxyWatch, DeathWithoutSuccessorIsAFailureAfterTheGrace) {
  ProxyWatch watch(Instant{});
  watch.attached(1, turning_pulse(Instant{1s}), Instant{1s});
  watch.life_ended(1, Instant{2s});
  EXPECT_EQ(watch.deadline(), Instant{2150ms});
  EXPECT_TRUE(watch.look(Instant{2150ms}));
  EXPECT_EQ(watch.health(), Health::down);
  watch.attached(2, turning_pulse(Instant{5s}), Instant{5s});
  EXPECT_EQ(watch.health(), Health::up);
}

TEST(ProxyWatch, EndOfAnOldGenerationAfterAReloadIsNothing) {
  ProxyWatch watch(Instant{});
  watch.attached(1, turning_pulse(Instant{1s}), Instant{1s});
  watch.attached(2, turning_pulse(Instant{2s}), Instant{2s});
  watch.retired(1, false, Instant{2s});
  watch.life_ended(1, Instant{3s});
  EXPECT_EQ(watch.state(), State::alive);
  EXPECT_EQ(watch.generation(), 2u);
}

TEST(ProxyWatch, StoppedOnPurposeIsDeadAtOnce) {
  ProxyWatch watch(Instant{});
  watch.attached(1, turning_pulse(Instant{1s}), Instant{1s});
  watch.retired(1, true, Instant{2s});
  EXPECT_EQ(watch.health(), Health::down);
}

TEST(ProxyWatch, HungThreadsAreAFailureUntilTheyTurnAgain) {
  ProxyWatch watch(Instant{});
  watch.attached(1, turning_pulse(Instant{1s}), Instant{1s});
  EXPECT_FALSE(watch.look(Instant{2900ms}));
  EXPECT_TRUE(watch.look(Instant{1s} + ipc::turn_limit + 1ms));
  EXPECT_EQ(watch.state(), State::hung);
  EXPECT_EQ(watch.health(), Health::down);
  watch.attached(2, turning_pulse(Instant{4s}), Instant{4s});
  EXPECT_EQ(watch.health(), Health::up);
}

TEST(ProxyWatch, NewProxyMayTakeAMomentBeforeItsThreadsTurn) {
  ProxyWatch watch(Instant{});
  auto pulse = ipc::Pulse::create();
  watch.attached(1, std::move(*pulse), Instant{1s});
  EXPECT_FALSE(watch.look(Instant{2s}));
  EXPECT_EQ(watch.health(), Health::up);
  EXPECT_TRUE(watch.look(Instant{3s}));
  EXPECT_EQ(watch.state(), State::hung);
}

}  // namespace
}  // namespace baton::failover
