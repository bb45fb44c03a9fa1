// The session machine by itself, and two of them on a made-up wire.

#include "bfd/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <queue>

namespace baton::bfd {
namespace {

constexpr Instant start{1000s};

Packet from_neighbor(State state, std::uint32_t your_discriminator = 1) {
  Packet packet;
  packet.state = state;
  packet.my_discriminator = 77;
  packet.your_discriminator = your_discriminator;
  packet.desired_min_tx = 50ms;
  packet.required_min_rx = 50ms;
  return packet;
}

// A session and what it did last.
struct Driven {
  explicit Driven(SessionSettings settings = {}) : session(settings, 1, 42) { session.start(now); }

  void tell(const Event& event) {
    sent.clear();
    changes.clear();
    for (const auto& single : session.handle(event, now)) {
      if (const auto* send = std::get_if<action::Send>(&single)) sent.push_back(send->packet);
      if (const auto* change = std::get_if<action::Changed>(&single)) changes.push_back(*change);
    }
  }
  void hear(const Packet& packet) { tell(event::PacketReceived{packet, now}); }
  void hear(State state) { hear(from_neighbor(state)); }
  void come_up() {
    hear(State::down);
    hear(State::up);
    Packet final = from_neighbor(State::up);
    final.final = true;
    hear(final);
    ASSERT_EQ(session.state(), State::up);
  }
  // Until the next deadline, at most `longest`.
  void wait(Duration longest = 10s) {
    now = std::min(session.deadline(), now + longest);
    tell(event::TimerDue{});
  }

  Instant now = start;
  Session session;
  std::vector<Packet> sent;
  std::vector<action::Changed> changes;
};

TEST(BfdSession, AnActiveSessionSpeaksFirstAndOncePerSecond) {
  Driven driven;
  driven.wait();
  ASSERT_EQ(driven.sent.size(), 1u);
  EXPECT_EQ(driven.sent[0].state, State::down);
  EXPECT_EQ(driven.sent[0].your_discriminator, 0u);
  EXPECT_EQ(driven.sent[0].desired_min_tx, 1s);
  const Instant first = driven.now;
  driven.wait();
  EXPECT_GE(driven.now - first, 750ms);
  EXPECT_LE(driven.now - first, 1s);
}

TEST(BfdSession, APassiveSessionSaysNothingBeforeItIsSpokenTo) {
  Driven driven({.passive = true});
  EXPECT_EQ(driven.session.deadline(), never);
  driven.hear(from_neighbor(State::down, 0));
  ASSERT_EQ(driven.sent.size(), 1u);
  EXPECT_EQ(driven.sent[0].state, State::init);
  EXPECT_EQ(driven.sent[0].your_discriminator, 77u);
}

TEST(BfdSession, ThreePacketsMakeTheHandshakeAndEachIsAnsweredAtOnce) {
  Driven driven;
  driven.hear(State::init);
  ASSERT_EQ(driven.changes.size(), 1u);
  EXPECT_EQ(driven.changes[0].to, State::up);
  ASSERT_EQ(driven.sent.size(), 1u);
  EXPECT_EQ(driven.sent[0].state, State::up);
  EXPECT_TRUE(driven.sent[0].poll) << "the interval changed from one second to 50 ms";
  EXPECT_EQ(driven.sent[0].desired_min_tx, 50ms);
}

TEST(BfdSession, APollIsAnsweredAtOnceWithFinal) {
  Driven driven;
  driven.come_up();
  Packet poll = from_neighbor(State::up);
  poll.poll = true;
  driven.hear(poll);
  ASSERT_EQ(driven.sent.size(), 1u);
  EXPECT_TRUE(driven.sent[0].final);
  EXPECT_FALSE(driven.sent[0].poll);
}

TEST(BfdSession, SilenceForTheDetectionTimeEndsIt) {
  Driven driven;
  driven.come_up();
  const Instant heard = driven.now;
  EXPECT_EQ(driven.session.detection_time(), 150ms);
  while (driven.session.state() == State::up) driven.wait();
  EXPECT_EQ(driven.now - heard, 150ms);
  ASSERT_EQ(driven.changes.size(), 1u);
  EXPECT_EQ(driven.changes[0].cause, Cause::detection_time);
  EXPECT_EQ(driven.sent[0].diagnostic, Diagnostic::detection_time_expired);
  EXPECT_EQ(driven.sent[0].your_discriminator, 0u);
}

TEST(BfdSession, APacketCountsFromWhenTheKernelGotIt) {
  Driven driven;
  driven.come_up();
  const Instant arrived = driven.now + 40ms;
  driven.now += 140ms;
  driven.tell(event::PacketReceived{from_neighbor(State::up), arrived});
  while (driven.session.state() == State::up) driven.wait();
  EXPECT_EQ(driven.now, arrived + 150ms);
}

TEST(BfdSession, AnEndOnPurposeIsNotADeath) {
  Driven driven;
  driven.come_up();
  driven.hear(State::admin_down);
  ASSERT_EQ(driven.changes.size(), 1u);
  EXPECT_EQ(driven.changes[0].cause, Cause::neighbor_disabled);
  driven.come_up();
  driven.hear(State::down);
  EXPECT_EQ(driven.changes[0].cause, Cause::neighbor_down);
}

TEST(BfdSession, ADisabledSessionTellsSoAndHearsNothing) {
  Driven driven;
  driven.come_up();
  driven.tell(event::Disable{});
  ASSERT_EQ(driven.sent.size(), 1u);
  EXPECT_EQ(driven.sent[0].state, State::admin_down);
  EXPECT_EQ(driven.sent[0].diagnostic, Diagnostic::administratively_down);
  driven.hear(State::down);
  EXPECT_TRUE(driven.sent.empty());
  EXPECT_EQ(driven.session.state(), State::admin_down);
}

TEST(BfdSession, WhoSleptGivesTheNeighborAnotherDetectionTime) {
  Driven driven;
  driven.come_up();
  driven.now += 400ms;
  driven.tell(event::Slept{});
  driven.tell(event::TimerDue{});
  EXPECT_EQ(driven.session.state(), State::up);
  const Instant awake = driven.now;
  while (driven.session.state() == State::up) driven.wait();
  EXPECT_EQ(driven.now - awake, 150ms);
}

TEST(BfdSession, SlowerSendingWaitsUntilTheNeighborKnows) {
  Driven driven;
  driven.come_up();
  driven.tell(event::Reconfigured{{.min_tx = 300ms, .min_rx = 20ms}});
  ASSERT_EQ(driven.sent.size(), 1u);
  EXPECT_TRUE(driven.sent[0].poll);
  EXPECT_EQ(driven.session.transmit_interval(), 50ms);
  EXPECT_EQ(driven.session.detection_time(), 150ms);
  Packet final = from_neighbor(State::up);
  final.desired_min_tx = 10ms;
  final.final = true;
  driven.hear(final);
  EXPECT_EQ(driven.session.transmit_interval(), 300ms);
  EXPECT_EQ(driven.session.detection_time(), 60ms);
  EXPECT_FALSE(driven.session.polling());
}

TEST(BfdSession, ItNeverSendsFasterThanTheNeighborCanTake) {
  Driven driven;
  driven.come_up();
  Packet slow = from_neighbor(State::up);
  slow.required_min_rx = 200ms;
  driven.hear(slow);
  EXPECT_EQ(driven.session.transmit_interval(), 200ms);
  slow.required_min_rx = 0s;
  driven.hear(slow);
  const auto sent = driven.session.counters().sent;
  for (int i = 0; i < 20; ++i) {
    driven.now += 50ms;
    driven.hear(slow);
    driven.tell(event::TimerDue{});
  }
  EXPECT_EQ(driven.session.counters().sent, sent) << "zero means: send nothing";
}

TEST(BfdSession, JitterStaysWithinAQuarterAndWithinATenthForMultiplierOne) {
  for (const std::uint8_t multiplier : {1, 3}) {
    Driven driven({.multiplier = multiplier});
    driven.come_up();
    Duration shortest = 1h, longest = 0s;
    Instant last = driven.now;
    for (int i = 0; i < 2000; ++i) {
      driven.hear(State::up);
      driven.wait();
      if (driven.sent.empty()) continue;
      shortest = std::min(shortest, driven.now - last);
      longest = std::max(longest, driven.now - last);
      last = driven.now;
    }
    EXPECT_GE(shortest, 37500us);
    EXPECT_LE(longest, multiplier == 1 ? 45ms : 50ms);
  }
}

// Two sessions and a wire that loses, delays and doubles.
struct Pair {
  struct Flying {
    Instant at;
    std::size_t to;
    std::vector<std::uint8_t> bytes;
    bool operator<(const Flying& other) const { return at > other.at; }
  };

  explicit Pair(std::uint64_t seed)
      : random(seed),
        sessions{Session({.passive = seed % 3 == 0}, 1, seed),
                 Session({.min_tx = 10ms, .min_rx = 30ms}, 2, seed + 1)} {
    for (auto& session : sessions) session.start(now);
  }

  void apply(std::size_t who, const Actions& actions) {
    for (const auto& single : actions) {
      const auto* send = std::get_if<action::Send>(&single);
      if (!send) continue;
      const int copies = random.below(1000) < lost_per_mille ? 0 : random.chance(50) ? 2 : 1;
      for (int i = 0; i < copies; ++i) {
        flying.push({now + std::chrono::microseconds(100 + random.below(3000)), 1 - who,
                     build(send->packet)});
      }
    }
  }
  void run_for(Duration duration) {
    const Instant end = now + duration;
    while (now < end) {
      const Instant due = std::min(sessions[0].deadline(), sessions[1].deadline());
      now = std::min({end, due, flying.empty() ? never : flying.top().at});
      while (!flying.empty() && flying.top().at <= now) {
        const Flying one = flying.top();
        flying.pop();
        const auto packet = parse(one.bytes);
        ASSERT_TRUE(packet);
        apply(one.to, sessions[one.to].handle(event::PacketReceived{*packet, now}, now));
      }
      for (std::size_t i = 0; i < 2; ++i) {
        if (sessions[i].deadline() <= now) apply(i, sessions[i].handle(event::TimerDue{}, now));
      }
    }
  }

  Random random;
  Instant now = start;
  std::array<Session, 2> sessions;
  std::priority_queue<Flying> flying;
  std::uint64_t lost_per_mille = 0;
};

TEST(BfdSession, TwoMachinesAgreeWhateverTheWireDidBefore) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Pair pair(seed);
    for (int phase = 0; phase < 4; ++phase) {
      pair.lost_per_mille = pair.random.below(1001);
      pair.run_for(std::chrono::milliseconds(pair.random.below(3000)));
    }
    pair.lost_per_mille = 0;
    pair.run_for(4s);
    for (const Session& session : pair.sessions) {
      EXPECT_EQ(session.state(), State::up) << "seed " << seed;
      EXPECT_FALSE(session.polling()) << "seed " << seed;
    }
    EXPECT_EQ(pair.sessions[0].transmit_interval(), 50ms) << "seed " << seed;
    EXPECT_EQ(pair.sessions[1].transmit_interval(), 50ms) << "seed " << seed;
    EXPECT_EQ(pair.sessions[1].detection_time(), 150ms) << "seed " << seed;
    pair.lost_per_mille = 1000;
    pair.run_for(1s);
    for (const Session& session : pair.sessions) {
      EXPECT_EQ(session.state(), State::down) << "seed " << seed;
    }
  }
}

TEST(BfdSession, PacketsThatAreNotWholeOrNotInOrderNeverMoveASession) {
  Random random(11);
  Driven driven;
  driven.come_up();
  const auto whole = build(from_neighbor(State::down));
  for (int i = 0; i < 5000; ++i) {
    auto bytes = whole;
    bytes.resize(random.below(bytes.size()));
    EXPECT_FALSE(parse(bytes));
    bytes = whole;
    bytes[0] ^= static_cast<std::uint8_t>(0x20 << random.below(3));
    EXPECT_FALSE(parse(bytes));
  }
  EXPECT_EQ(driven.session.state(), State::up);
}

}  // namespace
}  // namespace baton::bfd
