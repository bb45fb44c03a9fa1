// bfd_instance, track_bfd, fast_failover and the scheduling of the process.

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

using BfdConfigTest = LoadTest;

TEST_F(BfdConfigTest, ASessionHasKeepalivedsDefaults) {
  const auto model = load_text("bfd_instance gw {\n neighbor_ip 10.0.0.254\n}\n" +
                               instance_with("track_bfd {\n gw\n}"));
  ASSERT_TRUE(model) << everything();
  ASSERT_EQ(model->bfd_instances.size(), 1u);
  const BfdInstance& session = model->bfd_instances[0];
  EXPECT_EQ(session.neighbor.text(), "10.0.0.254");
  EXPECT_EQ(session.min_rx, 10ms);
  EXPECT_EQ(session.min_tx, 10ms);
  EXPECT_EQ(session.idle_tx, 1s);
  EXPECT_EQ(session.multiplier, 5);
  EXPECT_EQ(session.hop_limit, 255);
  EXPECT_EQ(session.hops_max, 0);
  EXPECT_FALSE(session.passive);
  ASSERT_EQ(model->instances[0].tracked_bfds.size(), 1u);
  EXPECT_EQ(model->instances[0].tracked_bfds[0].weight, 0);
  EXPECT_EQ(everything(), "");
}

TEST_F(BfdConfigTest, EveryWordOfASessionReachesTheModel) {
  const auto model =
      load_text(instance_with("track_bfd {\n far weight 5 reverse\n}") +
                "bfd_instance far {\n neighbor_ip 2001:db8::1\n source_ip 2001:db8::2\n min_rx 30\n"
                " min_tx 12.5\n idle_tx 2000\n multiplier 7\n passive\n multihop\n max_hops 3\n "
                "weight -20\n}");
  ASSERT_TRUE(model) << everything();
  const BfdInstance& session = model->bfd_instances[0];
  EXPECT_EQ(session.source->text(), "2001:db8::2");
  EXPECT_EQ(session.min_rx, 30ms);
  EXPECT_EQ(session.min_tx, 12500us);
  EXPECT_EQ(session.idle_tx, 2s);
  EXPECT_EQ(session.multiplier, 7);
  EXPECT_TRUE(session.passive);
  EXPECT_TRUE(session.multihop);
  EXPECT_EQ(session.hop_limit, 64);
  EXPECT_EQ(session.hops_max, 3);
  EXPECT_EQ(session.weight, -20);
  EXPECT_EQ(model->instances[0].tracked_bfds[0].weight, 5);
  EXPECT_TRUE(model->instances[0].tracked_bfds[0].weight_reverse);
}

TEST_F(BfdConfigTest, WhatIsWrongIsSaidInKeepalivedsWords) {
  static_cast<void>(
      load_text("bfd_instance a {\n min_rx 0\n idle_tx 500\n multiplier 0\n}\n"
                "bfd_instance b {\n neighbor_ip x\n}\n" +
                instance_with("")));
  EXPECT_TRUE(tolerates("BFD instance a has no neighbor address set, disabling instance"));
  EXPECT_TRUE(tolerates("BFD instance a min_rx value 0 is not valid"));
  EXPECT_TRUE(tolerates("BFD instance a idle_tx value 500 is not valid"));
  EXPECT_TRUE(tolerates("BFD instance b has malformed neighbor address x, ignoring instance"));
}

TEST_F(BfdConfigTest, ATrackedSessionThatIsNotThereIsRefused) {
  EXPECT_FALSE(load_text("bfd_instance gateway {\n neighbor_ip 10.0.0.254\n}\n" +
                         instance_with("track_bfd {\n gatewy\n}")));
  EXPECT_TRUE(refuses("track bfd gatewy not found"));
}

TEST_F(BfdConfigTest, FastFailoverHasADefaultAndAnInstanceMayDiffer) {
  const auto plain = load_file(write("plain.conf", instance_with("")));
  ASSERT_TRUE(plain);
  EXPECT_TRUE(plain->fast_failover.enabled);
  EXPECT_EQ(plain->fast_failover.interval, 50ms);
  EXPECT_EQ(plain->fast_failover.multiplier, 3);
  const auto model =
      load_text("global_defs {\n fast_failover 10ms 4\n}\n" + instance_with("fast_failover off") +
                instance_with("fast_failover 0.2s", "VI_2", "52"));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->fast_failover.interval, 10ms);
  EXPECT_EQ(model->fast_failover.multiplier, 4);
  EXPECT_FALSE(model->instances[0].fast_failover->enabled);
  EXPECT_EQ(model->instances[1].fast_failover->interval, 200ms);
  EXPECT_EQ(model->instances[1].fast_failover->multiplier, 3);
}

TEST_F(BfdConfigTest, AFastFailoverThatIsNoTimeIsRefused) {
  for (const char* words : {"10", "1ms", "fast", "50ms 1", "50ms x", "1h"}) {
    problems_ = Diagnostics();
    const std::string text = instance_with(std::string("fast_failover ") + words);
    EXPECT_FALSE(load_file(write(std::string(words) + ".conf", text))) << words;
    EXPECT_TRUE(refuses("fast_failover: '")) << words;
  }
}

TEST_F(BfdConfigTest, SchedulingIsReadFromGlobals) {
  const auto model = load_text(
      "global_defs {\n vrrp_rt_priority 20\n vrrp_priority -10\n vrrp_no_swap\n"
      " vrrp_cpu_affinity 0 2 4-6\n vrrp_rlimit_rttime 500000\n max_auto_priority -1\n}\n" +
      instance_with(""));
  ASSERT_TRUE(model) << everything();
  const Scheduling& scheduling = model->scheduling;
  EXPECT_EQ(scheduling.realtime_priority, 20);
  EXPECT_EQ(scheduling.nice, -10);
  EXPECT_TRUE(scheduling.lock_memory);
  EXPECT_EQ(scheduling.processors, (std::vector<unsigned>{0, 2, 4, 5, 6}));
  EXPECT_EQ(scheduling.realtime_longest, 500ms);
  EXPECT_FALSE(scheduling.realtime_allowed);
}

}  // namespace
}  // namespace baton::config::keepalived
