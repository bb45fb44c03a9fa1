// global_defs: what counts, what is noted, what is refused.

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

class GlobalsTest : public LoadTest {
 protected:
  std::shared_ptr<const Failover> load_globals(const std::string& lines) {
    return load_text("global_defs {\n" + lines + "\n}\n");
  }
};

TEST_F(GlobalsTest, TheDistributionsFileLoads) {
  const auto model = load_globals(
      "notification_email {\n acassen@firewall.loc\n failover@firewall.loc\n}\n"
      "notification_email_from Alexandre.Cassen@firewall.loc\nsmtp_server 192.168.200.1\n"
      "smtp_connect_timeout 30\nrouter_id LVS_DEVEL\nvrrp_skip_check_adv_addr\nvrrp_strict\n"
      "vrrp_garp_interval 0\nvrrp_gna_interval 0");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->router_id, "LVS_DEVEL");
  EXPECT_EQ(problems_.count(Severity::error), 0u) << everything();
  EXPECT_EQ(problems_.count(Severity::note), 0u) << everything();
}

TEST_F(GlobalsTest, ValuesReachTheModel) {
  const auto model = load_globals(
      "vrrp_garp_interval 0.001\nvrrp_startup_delay 5.5\nvrrp_delay_after_boot 30\n"
      "vrrp_mcast_group4 224.0.0.50\ndynamic_interfaces\nenable_script_security");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->garp_interval, 1ms);
  EXPECT_EQ(model->startup_delay, 5500ms);
  EXPECT_EQ(model->delay_after_boot, 30s);
  EXPECT_EQ(model->multicast_group.text(), "224.0.0.50");
  EXPECT_TRUE(model->dynamic_interfaces);
  EXPECT_TRUE(model->script_security);
  EXPECT_EQ(everything(), "");
}

TEST_F(GlobalsTest, TheRouterIdDefaultsToTheHostName) {
  EXPECT_FALSE(load_text("")->router_id.empty());
}

TEST_F(GlobalsTest, ScriptSecurityIsOnWhateverIsSaidBehindIt) {
  const auto model = load_globals("enable_script_security 0");
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->script_security);
  EXPECT_TRUE(says(Severity::note, "enable_script_security takes no value"));
}

TEST_F(GlobalsTest, AnInstancesWordInGlobalDefsIsUnknown) {
  EXPECT_TRUE(load_globals("garp_master_delay 5"));
  EXPECT_TRUE(tolerates("Unknown keyword 'garp_master_delay'"));
  EXPECT_EQ(find("garp_master_delay")->suggestion, "did you mean \"vrrp_garp_master_delay\"?");
}

TEST_F(GlobalsTest, BadValuesAreReportedAndIgnored) {
  const auto model = load_globals(
      "router_id\nvrrp_version 5\nvrrp_garp_master_delay -3\nvrrp_mcast_group4 10.0.0.1\n"
      "vrrp_mcast_group4 zork\nvrrp_startup_delay abc\ndynamic_interfaces foo");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(problems_.count(Severity::error), 7u) << everything();
  EXPECT_TRUE(tolerates("routerid name missing - ignoring"));
  EXPECT_TRUE(tolerates("vrrp_mcast_group4 [10.0.0.1] is not multicast. Skipping"));
  EXPECT_TRUE(tolerates("negative number '-3'"));
  EXPECT_EQ(model->multicast_group.text(), "224.0.0.18");
}

TEST_F(GlobalsTest, AMinimalScheduleOfArpsIsOneFrame) {
  const auto model = load_text("global_defs {\nvrrp_min_garp\n}\n" + instance_with(""));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances[0].garp.repeat, 1u);
  EXPECT_EQ(model->instances[0].garp.delay, 0s);
}

TEST_F(GlobalsTest, WordsOfTheRootAreUnknownInGlobalDefsAndTheOtherWayRound) {
  const auto model = load_text("global_defs {\n instance one\n}\nnotify_fifo /run/x\n");
  ASSERT_TRUE(model);
  EXPECT_TRUE(tolerates("Unknown keyword 'instance'"));
  EXPECT_TRUE(tolerates("Unknown keyword 'notify_fifo'"));
  EXPECT_EQ(model->places.instance, "");
  EXPECT_TRUE(model->messages.fifos.empty());
}

TEST_F(GlobalsTest, TuningAndMonitoringAreNoted) {
  const auto model = load_globals(
      "min_auto_priority_delay 5\nbfd_rt_priority 50\nenable_snmp_vrrp\nenable_dbus\n"
      "lvs_sync_daemon ens33 VI_1\nlvs_flush\nprocess_names\numask 022");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(problems_.count(Severity::error), 0u) << everything();
  EXPECT_GT(problems_.count(Severity::note), 3u) << everything();
}

TEST_F(GlobalsTest, SomeWordsMayStandOutsideOfGlobalDefs) {
  EXPECT_TRUE(load_text("use_pid_dir\ninstance foo\nlinkbeat_use_polling\n"));
  EXPECT_EQ(problems_.count(Severity::error), 0u) << everything();
}

}  // namespace
}  // namespace baton::config::keepalived
