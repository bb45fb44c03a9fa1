// Who believes whose reports: keys, changes, recordings, restarts.

#include "vrrp/heartbeat_seal.h"

#include <gtest/gtest.h>

namespace baton::vrrp {
namespace {

using Bytes = std::vector<std::uint8_t>;

HeartbeatKey key_of(std::uint8_t byte) {
  const std::array<std::uint8_t, 32> pair_key{byte};
  return derive_heartbeat_key(pair_key);
}

PeerReport sample() {
  PeerReport report;
  report.name = "web";
  report.virtual_router_id = 55;
  report.state = State::master;
  report.effective_priority = 100;
  report.heartbeat_interval = 50ms;
  report.source = net::IpAddress::ipv4(10, 0, 0, 1);
  return report;
}

class Seal : public testing::Test {
 protected:
  Seal() {
    ours.configure(key_of(1), 50ms);
    theirs.configure(key_of(1), 50ms);
  }
  HeartbeatSeal::Verdict hear(const Bytes& bytes) { return ours.open(bytes, "eth1", now); }
  HeartbeatSeal::Verdict hear_next() { return hear(theirs.seal(sample(), now)); }
  // They hear us, as they need to for us to believe them.
  void speak() { theirs.open(ours.seal(sample(), now), "eth1", now); }

  Instant now = Instant(100s);
  HeartbeatSeal ours{11};
  HeartbeatSeal theirs{22};
};

TEST_F(Seal, AReportThatAnswersOursIsBelieved) {
  speak();
  const auto verdict = hear_next();
  ASSERT_TRUE(verdict.report);
  EXPECT_FALSE(verdict.drop);
  EXPECT_EQ(verdict.report->run, 22u);
  EXPECT_EQ(verdict.report->state, State::master);
}

TEST_F(Seal, AReportOfWhoHasNotHeardUsIsNotBelievedYet) {
  EXPECT_EQ(hear_next().drop, HeartbeatDrop::stale);
  speak();
  EXPECT_TRUE(hear_next().report);
}

TEST_F(Seal, EveryFlippedBitIsNoticed) {
  speak();
  const Bytes whole = theirs.seal(sample(), now);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(hear(bytes).report) << bit;
  }
  EXPECT_TRUE(hear(whole).report);
}

TEST_F(Seal, EveryTruncationIsNoticed) {
  speak();
  const Bytes whole = theirs.seal(sample(), now);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(hear(Bytes(whole.begin(), whole.begin() + static_cast<long>(length))).report);
  }
}

TEST_F(Seal, AnotherKeyIsNotBelievedAndSaidToBeWrong) {
  speak();
  theirs.configure(key_of(2), 50ms);
  const auto verdict = hear_next();
  EXPECT_EQ(verdict.drop, HeartbeatDrop::code);
  EXPECT_EQ(verdict.disputed->virtual_router_id, 55);
}

TEST_F(Seal, OneWithAKeyAndOneWithoutBothNoticeIt) {
  theirs.configure(std::nullopt, 50ms);
  EXPECT_EQ(hear_next().drop, HeartbeatDrop::unsigned_);
  EXPECT_EQ(theirs.open(ours.seal(sample(), now), "eth1", now).drop, HeartbeatDrop::keyless);
}

TEST_F(Seal, WithoutKeysReportsAreBelievedAsTheyAre) {
  ours.configure(std::nullopt, 50ms);
  theirs.configure(std::nullopt, 50ms);
  EXPECT_TRUE(hear_next().report);
}

TEST_F(Seal, ARepeatedReportIsTakenOnce) {
  speak();
  const Bytes first = theirs.seal(sample(), now);
  const Bytes second = theirs.seal(sample(), now);
  EXPECT_TRUE(hear(first).report);
  EXPECT_EQ(hear(first).drop, HeartbeatDrop::repeated);
  EXPECT_TRUE(hear(second).report);
  EXPECT_EQ(hear(first).drop, HeartbeatDrop::repeated);
}

TEST_F(Seal, TheSameReportMayComeByTwoWays) {
  speak();
  const Bytes bytes = theirs.seal(sample(), now);
  EXPECT_TRUE(ours.open(bytes, "eth1", now).report);
  EXPECT_TRUE(ours.open(bytes, "eth2", now).report);
}

TEST_F(Seal, AReportThatWasHeldBackIsStale) {
  speak();
  const Bytes bytes = theirs.seal(sample(), now);
  now += 1100ms;
  EXPECT_EQ(hear(bytes).drop, HeartbeatDrop::stale);
}

TEST_F(Seal, WhatWasRecordedBeforeOurRestartIsStale) {
  speak();
  const Bytes bytes = theirs.seal(sample(), now);
  ours = HeartbeatSeal(12);
  ours.configure(key_of(1), 50ms);
  EXPECT_EQ(hear(bytes).drop, HeartbeatDrop::stale);
}

TEST_F(Seal, TheOtherNodesRestartNeedsOneExchange) {
  speak();
  EXPECT_TRUE(hear_next().report);
  theirs = HeartbeatSeal(23);
  theirs.configure(key_of(1), 50ms);
  EXPECT_EQ(hear_next().drop, HeartbeatDrop::stale);
  speak();
  EXPECT_EQ(hear_next().report->run, 23u);
}

TEST_F(Seal, OldRunsOfARecordingDoNotPushOutWhoAnswersUs) {
  ours.open(theirs.seal(sample(), now), "eth1", now);
  speak();
  hear_next();
  for (std::uint64_t run = 1000; run < 1100; ++run) {
    HeartbeatSeal old(run);
    old.configure(key_of(1), 50ms);
    EXPECT_EQ(hear(old.seal(sample(), now)).drop, HeartbeatDrop::stale);
  }
  const auto message = parse_sealed(ours.seal(sample(), now));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->echoes.size(), heartbeat_echoes_max);
  EXPECT_TRUE(
      std::ranges::any_of(message->echoes, [](const auto& echo) { return echo.run == 22; }));
}

TEST_F(Seal, SlowReportsHaveMoreTimeToAnswer) {
  ours.configure(key_of(1), 10s);
  speak();
  const Bytes bytes = theirs.seal(sample(), now);
  now += 15s;
  EXPECT_TRUE(hear(bytes).report);
}

TEST_F(Seal, OurOwnReportIsNobodysNews) {
  const auto verdict = hear(ours.seal(sample(), now));
  EXPECT_FALSE(verdict.report);
  EXPECT_FALSE(verdict.drop);
}

TEST(SealedForm, StaysWithinItsBound) {
  SealedHeartbeat message;
  message.report = sample();
  message.report.name = std::string(heartbeat_name_max, 'x');
  message.echoes.resize(heartbeat_echoes_max);
  const auto bytes = encode_sealed(message, key_of(1));
  EXPECT_LE(bytes.size(), sealed_size_max);
  EXPECT_EQ(parse_sealed(bytes), message);
}

}  // namespace
}  // namespace baton::vrrp
