// Uses of sessions, who is answered, and what ends how.

#include "bfd/session_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

namespace baton::bfd {
namespace {

net::IpAddress ip(const char* text) {
  return *net::IpAddress::parse(text);
}

// Nodes with a table each on one link.
struct Segment {
  struct Node {
    net::IpAddress address;
    SessionTable table;
    std::vector<action::SessionChanged> changes;
    bool cut = false;
  };
  struct Flying {
    Instant at;
    net::IpAddress from, to;
    std::vector<std::uint8_t> bytes;
  };

  Node& add(const char* address) {
    nodes.push_back({ip(address), SessionTable(nodes.size() + 1), {}});
    return nodes.back();
  }
  void apply(Node& node, const TableActions& actions) {
    for (const auto& single : actions) {
      if (const auto* send = std::get_if<action::SendTo>(&single)) {
        const TableEntry* entry = node.table.find(send->discriminator);
        // What is said last by a session that is gone.
        if (!entry || node.cut) continue;
        flying.push_back({now + 200us, node.address, entry->path.remote, send->bytes});
      } else if (const auto* change = std::get_if<action::SessionChanged>(&single)) {
        node.changes.push_back(*change);
      }
    }
  }
  void run_for(Duration duration) {
    const Instant end = now + duration;
    while (now < end) {
      Instant next = flying.empty() ? end : std::min(end, flying.front().at);
      for (const Node& node : nodes) next = std::min(next, node.table.deadline());
      now = std::max(now, next);
      while (!flying.empty() && flying.front().at <= now) {
        const Flying one = flying.front();
        flying.pop_front();
        for (Node& node : nodes) {
          if (node.address != one.to || node.cut) continue;
          const Arrival arrival{one.from, one.to, 3, false, hop_limit, now};
          apply(node, node.table.on_packet(one.bytes, arrival, now));
        }
      }
      for (Node& node : nodes) {
        if (node.table.deadline() <= now) apply(node, node.table.on_timer(now));
      }
    }
  }
  void follow(Node& node, const Node& master) {
    apply(node, node.table.watch({{{3, node.address, master.address}, {}}}, {}, now));
  }
  void answer(Node& node) {
    AnswerRule rule{3, node.address, {}, {.min_tx = 10ms}};
    apply(node, node.table.watch({}, {rule}, now));
  }

  Instant now{1000s};
  std::deque<Node> nodes;
  std::deque<Flying> flying;
};

TEST(BfdSessionTable, ABackupIsAnsweredByTheMasterWithinARoundTrip) {
  Segment segment;
  auto& master = segment.add("10.0.0.1");
  auto& backup = segment.add("10.0.0.2");
  segment.answer(master);
  segment.follow(backup, master);
  segment.run_for(2ms);
  ASSERT_EQ(backup.table.entries().size(), 1u);
  EXPECT_EQ(backup.table.entries()[0].session.state(), State::up);
  EXPECT_TRUE(master.table.is_watched(3));
  EXPECT_FALSE(master.table.is_watched(4));
  segment.run_for(1s);
  EXPECT_EQ(master.table.entries()[0].session.transmit_interval(), 50ms);
}

TEST(BfdSessionTable, NobodyAnswersWhoIsNotMaster) {
  Segment segment;
  auto& other = segment.add("10.0.0.1");
  auto& backup = segment.add("10.0.0.2");
  segment.follow(backup, other);
  segment.run_for(3s);
  EXPECT_TRUE(other.table.entries().empty());
  EXPECT_EQ(other.table.rejected()[static_cast<std::size_t>(Reject::no_session)], 4u);
  EXPECT_TRUE(backup.changes.empty());
}

// A master that is followed, left and followed again within the time of a farewell.
TEST(BfdSessionTable, AFarewellDoesNotEndTheSessionThatComesAfterIt) {
  Segment segment;
  auto& master = segment.add("10.0.0.1");
  auto& backup = segment.add("10.0.0.2");
  segment.answer(master);
  segment.follow(backup, master);
  segment.run_for(1s);
  segment.apply(backup, backup.table.watch({}, {}, segment.now));
  segment.run_for(5ms);
  segment.follow(backup, master);
  segment.run_for(50ms);
  ASSERT_EQ(backup.table.entries().size(), 1u);
  backup.changes.clear();
  segment.run_for(5s);
  EXPECT_EQ(backup.table.entries()[0].session.state(), State::up);
  EXPECT_TRUE(backup.changes.empty());
}

TEST(BfdSessionTable, OnlyListedNeighborsAreAnsweredWhereThereIsAList) {
  Segment segment;
  auto& master = segment.add("10.0.0.1");
  auto& stranger = segment.add("10.0.0.9");
  segment.apply(master,
                master.table.watch({}, {{3, master.address, {ip("10.0.0.2")}, {}}}, segment.now));
  segment.follow(stranger, master);
  segment.run_for(2s);
  EXPECT_TRUE(master.table.entries().empty());
}

TEST(BfdSessionTable, APacketThatWasForwardedIsNotANeighbors) {
  SessionTable table(1);
  const AnswerRule rule{3, ip("10.0.0.1"), {}, {}};
  static_cast<void>(table.watch({}, {rule}, Instant(5s)));
  Packet packet;
  packet.my_discriminator = 8;
  const Arrival arrival{ip("10.0.0.2"), ip("10.0.0.1"), 3, false, 254, Instant(5s)};
  EXPECT_TRUE(table.on_packet(build(packet), arrival, Instant(5s)).empty());
  EXPECT_EQ(table.rejected()[static_cast<std::size_t>(Reject::hop_limit)], 1u);
}

TEST(BfdSessionTable, ADeadMasterIsNoticedAfterTheDetectionTimeAndByAllAtOnce) {
  Segment segment;
  auto& master = segment.add("10.0.0.1");
  auto& first = segment.add("10.0.0.2");
  auto& second = segment.add("10.0.0.3");
  segment.answer(master);
  segment.follow(first, master);
  segment.run_for(731ms);
  segment.follow(second, master);
  segment.run_for(10s);
  master.cut = true;
  const Instant died = segment.now;
  std::vector<Instant> noticed;
  for (int i = 0; i < 400; ++i) {
    segment.run_for(1ms);
    for (auto* node : {&first, &second}) {
      for (const auto& change : std::exchange(node->changes, {})) {
        if (change.cause == Cause::detection_time) noticed.push_back(segment.now);
      }
    }
  }
  ASSERT_EQ(noticed.size(), 2u);
  EXPECT_LE(noticed[1] - died, 152ms);
  EXPECT_LE(noticed[1] - noticed[0], 1ms) << "the master sends to both in one beat";
}

TEST(BfdSessionTable, TheSessionStaysUpWhenTheTwoChangeParts) {
  Segment segment;
  auto& one = segment.add("10.0.0.1");
  auto& two = segment.add("10.0.0.2");
  segment.answer(one);
  segment.follow(two, one);
  segment.run_for(1s);
  two.changes.clear();
  segment.answer(two);
  segment.run_for(5ms);
  segment.follow(one, two);
  segment.run_for(10s);
  EXPECT_TRUE(two.changes.empty());
  EXPECT_TRUE(two.table.is_watched());
  EXPECT_FALSE(one.table.is_watched());
  ASSERT_EQ(one.table.entries().size(), 1u);
  EXPECT_EQ(one.table.entries()[0].session.state(), State::up);
}

TEST(BfdSessionTable, AnOrderlyEndIsNotTakenForADeath) {
  Segment segment;
  auto& master = segment.add("10.0.0.1");
  auto& backup = segment.add("10.0.0.2");
  segment.answer(master);
  segment.follow(backup, master);
  segment.run_for(1s);
  backup.changes.clear();
  segment.apply(master, master.table.close(segment.now));
  segment.run_for(5s);
  ASSERT_EQ(backup.changes.size(), 1u);
  EXPECT_EQ(backup.changes[0].cause, Cause::neighbor_disabled);
  EXPECT_TRUE(master.table.entries().empty());
}

TEST(BfdSessionTable, AMasterForgetsABackupThatDied) {
  Segment segment;
  auto& master = segment.add("10.0.0.1");
  auto& backup = segment.add("10.0.0.2");
  segment.answer(master);
  segment.follow(backup, master);
  segment.run_for(1s);
  backup.cut = true;
  segment.run_for(5s);
  EXPECT_TRUE(master.table.entries().empty());
}

TEST(BfdSessionTable, ANodeThatSleptBelievesNothingForADetectionTime) {
  Segment segment;
  auto& master = segment.add("10.0.0.1");
  auto& backup = segment.add("10.0.0.2");
  segment.answer(master);
  segment.follow(backup, master);
  segment.run_for(1s);
  backup.changes.clear();
  segment.now += 500ms;  // the whole machine stood still
  segment.flying.clear();
  segment.run_for(5s);
  EXPECT_TRUE(backup.changes.empty());
}

TEST(BfdSessionTable, AMasterThatStepsDownGoesOnAnsweringForAMoment) {
  Segment segment;
  auto& master = segment.add("10.0.0.1");
  auto& backup = segment.add("10.0.0.2");
  segment.answer(master);
  segment.follow(backup, master);
  segment.run_for(1s);
  backup.changes.clear();
  segment.apply(master, master.table.watch({}, {}, segment.now));
  segment.run_for(1500ms);
  EXPECT_TRUE(backup.changes.empty());
  segment.run_for(1s);
  ASSERT_FALSE(backup.changes.empty());
  EXPECT_EQ(backup.changes[0].cause, Cause::neighbor_disabled);
}

TEST(BfdSessionTable, AConfiguredSessionServesTheWatchToo) {
  Segment segment;
  auto& node = segment.add("10.0.0.2");
  Path path;
  path.remote = ip("10.0.0.1");
  segment.apply(node, node.table.configure({{path, {.min_tx = 300ms}}}, segment.now));
  auto& master = segment.add("10.0.0.1");
  segment.follow(node, master);
  ASSERT_EQ(node.table.entries().size(), 1u);
  EXPECT_TRUE(node.table.entries()[0].following);
  EXPECT_EQ(node.table.entries()[0].session.settings().min_tx, 300ms);
  segment.apply(node, node.table.configure({}, segment.now));
  EXPECT_EQ(node.table.entries().size(), 1u);
  segment.apply(node, node.table.watch({}, {}, segment.now));
  segment.run_for(5s);
  EXPECT_TRUE(node.table.entries().empty());
}

TEST(BfdSessionTable, StrangersCannotFillTheTable) {
  SessionTable table(1);
  const AnswerRule rule{3, ip("10.0.0.1"), {}, {}};
  static_cast<void>(table.watch({}, {rule}, Instant(5s)));
  Packet packet;
  for (std::uint32_t i = 1; i < 2000; ++i) {
    packet.my_discriminator = i;
    const auto from = net::IpAddress::ipv4(10, 1, static_cast<std::uint8_t>(i >> 8),
                                           static_cast<std::uint8_t>(i));
    const Arrival arrival{from, ip("10.0.0.1"), 3, false, hop_limit, Instant(5s)};
    static_cast<void>(table.on_packet(build(packet), arrival, Instant(5s)));
  }
  EXPECT_EQ(table.entries().size(), SessionTable::answering_max);
}

}  // namespace
}  // namespace baton::bfd
