// vrrp_instance: values, defaults, and the verdicts on what is wrong.

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

using InstanceTest = LoadTest;

TEST_F(InstanceTest, DefaultsAreKeepaliveds) {
  const auto model = load_text(instance_with(""));
  ASSERT_TRUE(model) << everything();
  const VrrpInstance& instance = model->instances[0];
  EXPECT_FALSE(instance.wants_master);
  EXPECT_EQ(instance.priority, 100);
  EXPECT_EQ(instance.version, 2);
  EXPECT_EQ(instance.advert_interval, 1s);
  EXPECT_EQ(instance.auth, VrrpAuth::none);
  EXPECT_EQ(instance.garp.delay, 5s);
  EXPECT_EQ(instance.garp.repeat, 5u);
  EXPECT_TRUE(instance.accept);
  EXPECT_TRUE(instance.track_primary_interface);
  EXPECT_FALSE(instance.nopreempt);
  EXPECT_EQ(instance.down_timer_adverts, 3);
  EXPECT_EQ(everything(), "");
}

TEST_F(InstanceTest, PriorityIs255ForAMasterThatNamesNone) {
  EXPECT_EQ(load_text(instance_with("state MASTER"))->instances[0].priority, 255);
}

TEST_F(InstanceTest, APriorityWithASemicolonBecomes100) {
  const auto model = load_text(instance_with("priority 150;"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->instances[0].priority, 100);
  EXPECT_TRUE(tolerates("invalid number '150;'"));
  EXPECT_THAT(find("150;")->suggestion, testing::HasSubstr("remove the ';'"));
}

TEST_F(InstanceTest, APriorityOutOfRangeBecomes100) {
  EXPECT_EQ(load_text(instance_with("priority 256"))->instances[0].priority, 100);
  EXPECT_TRUE(tolerates("number '256' outside range [1, 255]"));
}

TEST_F(InstanceTest, AnUnknownStateIsBackup) {
  EXPECT_FALSE(load_text(instance_with("state master"))->instances[0].wants_master);
  EXPECT_TRUE(tolerates("(VI_1) unknown state 'master', defaulting to BACKUP"));
}

TEST_F(InstanceTest, AMissingOrBadRouterIdIsRefused) {
  EXPECT_FALSE(load_text("vrrp_instance A {\ninterface e\n}\n"));
  EXPECT_TRUE(refuses("(A) the virtual router id must be set"));
}

TEST_F(InstanceTest, ARouterIdOfZeroIsRefused) {
  EXPECT_FALSE(load_text("vrrp_instance A {\ninterface e\nvirtual_router_id 0\n}\n"));
  EXPECT_TRUE(tolerates("VRID '0' not valid - must be between 1 & 255"));
  EXPECT_TRUE(refuses("(A) the virtual router id must be set"));
}

TEST_F(InstanceTest, TheSameRouterIdTwiceOnOneInterfaceIsRefused) {
  EXPECT_FALSE(load_text(instance_with("", "A") + instance_with("", "B")));
  EXPECT_TRUE(refuses("A and B both use VRID 51 with IPv4 on interface ens33"));
}

TEST_F(InstanceTest, TheSameRouterIdIsFineOnAnotherInterfaceOrForOtherPeers) {
  EXPECT_TRUE(load_text(instance_with("unicast_peer { 10.0.0.2 }", "A") +
                        instance_with("unicast_peer { 10.0.0.3 }", "B") +
                        instance_with("interface ens34", "C")))
      << everything();
}

TEST_F(InstanceTest, ASecondInstanceOfTheSameNameIsSkipped) {
  const auto model =
      load_text(instance_with("priority 10") + instance_with("priority 20", "VI_1", "52"));
  ASSERT_TRUE(model) << everything();
  ASSERT_EQ(model->instances.size(), 1u);
  EXPECT_EQ(model->instances[0].priority, 10);
  EXPECT_TRUE(tolerates("vrrp instance VI_1 already defined"));
}

TEST_F(InstanceTest, AnInstanceWithoutANameIsSkipped) {
  EXPECT_TRUE(load_text("vrrp_instance {\ninterface e\nvirtual_router_id 1\n}\n"));
  EXPECT_TRUE(tolerates("vrrp_instance must have a name"));
}

TEST_F(InstanceTest, WithoutAnInterfaceUnicastNeedsASourceAddress) {
  const std::string head = "vrrp_instance A {\nvirtual_router_id 1\nno_virtual_ipaddress\n";
  EXPECT_FALSE(load_text(head + "}\n"));
  EXPECT_TRUE(refuses("(A) Unknown interface!"));
}

TEST_F(InstanceTest, ACloudInstanceNeedsNeitherInterfaceNorAddresses) {
  const auto model = load_text(
      "vrrp_instance A {\nvirtual_router_id 1\nunicast_src_ip 10.0.0.1\n"
      "unicast_peer {\n10.0.0.2\n}\nno_virtual_ipaddress\n}\n");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(everything(), "");
}

TEST_F(InstanceTest, AnInstanceWithoutAddressesIsAllowedWithAWarning) {
  EXPECT_TRUE(load_text("vrrp_instance A {\ninterface e\nvirtual_router_id 1\n}\n"));
  EXPECT_TRUE(says(Severity::warning, "(A) No VIP specified; at least one is sensible"));
}

TEST_F(InstanceTest, AdvertIntervalsOfVersion2AreWholeSeconds) {
  const auto model = load_text(instance_with("advert_int 0.5"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->instances[0].advert_interval, 1s);
  EXPECT_TRUE(tolerates("must be an integer. rounding"));
}

TEST_F(InstanceTest, AnAdvertIntervalOfZeroIsIgnored) {
  EXPECT_EQ(load_text(instance_with("advert_int 3\nadvert_int 0"))->instances[0].advert_interval,
            3s);
  EXPECT_TRUE(tolerates("Advert interval (0) not valid"));
}

TEST_F(InstanceTest, ALongPasswordIsCutToEightCharacters) {
  const auto model =
      load_text(instance_with("authentication {\nauth_type PASS\nauth_pass 1234567890\n}"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->instances[0].password, "12345678");
  EXPECT_TRUE(says(Severity::warning, "Truncating auth_pass to 8 characters"));
}

TEST_F(InstanceTest, APasswordMayHoldBlanksHashesAndQuotes) {
  EXPECT_EQ(load_text(instance_with("authentication {\nauth_type PASS\nauth_pass \"a # b\"\n}"))
                ->instances[0]
                .password,
            "a # b");
}

TEST_F(InstanceTest, AuthenticationWithoutAPasswordIsIgnored) {
  const auto model = load_text(instance_with("authentication {\nauth_type PASS\n}"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->instances[0].auth, VrrpAuth::none);
  EXPECT_TRUE(tolerates("Authentication specified but no password given. Ignoring"));
}

TEST_F(InstanceTest, AuthenticationByAhIsTakenWithAWordOfWarning) {
  const auto model =
      load_text(instance_with("authentication {\nauth_type AH\nauth_pass 1234567890\n}"));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances[0].auth, VrrpAuth::header);
  EXPECT_EQ(model->instances[0].password, "12345678");
  EXPECT_TRUE(says(Severity::note, "auth_type AH protects little"));
}

TEST_F(InstanceTest, WhoStartsAsMasterHasToHearTheSequenceOfAhFirst) {
  const auto model = load_text(instance_with(
      "state MASTER\npriority 100\nauthentication {\nauth_type AH\nauth_pass 1234\n}"));
  ASSERT_TRUE(model) << everything();
  EXPECT_FALSE(model->instances[0].wants_master);
  EXPECT_TRUE(tolerates("Initial state master is incompatible with AH authentication"));
}

TEST_F(InstanceTest, TheOwnerStartsAsMasterWithAhToo) {
  const auto model = load_text(instance_with(
      "state MASTER\npriority 255\nauthentication {\nauth_type AH\nauth_pass 1234\n}"));
  ASSERT_TRUE(model) << everything();
  EXPECT_TRUE(model->instances[0].wants_master);
}

TEST_F(InstanceTest, AhIsIgnoredInVersion3) {
  const auto model =
      load_text(instance_with("version 3\nauthentication {\nauth_type AH\nauth_pass 1\n}"));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances[0].auth, VrrpAuth::none);
  EXPECT_TRUE(tolerates("VRRP version 3 does not support authentication. Ignoring."));
}

TEST_F(InstanceTest, AnUnknownAuthenticationTypeMeansNone) {
  const auto model = load_text(instance_with("authentication {\nauth_type MD5\nauth_pass x\n}"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->instances[0].auth, VrrpAuth::none);
  EXPECT_TRUE(model->instances[0].password.empty());
  EXPECT_TRUE(tolerates("unknown authentication type 'MD5'"));
}

TEST_F(InstanceTest, Version3HasHundredthsOfASecondAndNoPassword) {
  const auto model = load_text(instance_with(
      "version 3\nadvert_int 0.05\nauthentication {\nauth_type PASS\nauth_pass 1111\n}"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->instances[0].version, 3);
  EXPECT_EQ(model->instances[0].advert_interval, 50ms);
  EXPECT_EQ(model->instances[0].auth, VrrpAuth::none);
  EXPECT_TRUE(tolerates("(VI_1) VRRP version 3 does not support authentication. Ignoring."));
}

TEST_F(InstanceTest, IntervalsOfVersion3AreRoundedAndBounded) {
  auto model = load_text(instance_with("version 3\nadvert_int 0.015"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->instances[0].advert_interval, 20ms);
  EXPECT_TRUE(tolerates("must be in units of 10ms - rounding"));
  model = load_file(write("long", instance_with("version 3\nadvert_int 41")));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->instances[0].advert_interval, 40950ms);
  EXPECT_TRUE(tolerates("Setting to 40.95s"));
}

TEST_F(InstanceTest, AGlobalVersion3MattersOnlyWithoutAnOwnVersion) {
  EXPECT_TRUE(load_text("global_defs {\nvrrp_version 3\n}\n" + instance_with("version 2")))
      << everything();
}

TEST_F(InstanceTest, NopreemptIsClearedForAMaster) {
  const auto model = load_text(instance_with("state MASTER\npriority 150\nnopreempt"));
  ASSERT_TRUE(model);
  EXPECT_FALSE(model->instances[0].nopreempt);
  EXPECT_TRUE(says(Severity::warning, "nopreempt will not work with initial state MASTER"));
}

TEST_F(InstanceTest, PreemptDelayIsClearedWithNopreempt) {
  const auto model = load_text(instance_with("preempt_delay 4.5\nnopreempt"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->instances[0].preempt_delay, 0s);
  EXPECT_TRUE(model->instances[0].nopreempt);
}

TEST_F(InstanceTest, PreemptDelayMayHaveDecimals) {
  EXPECT_EQ(load_text(instance_with("preempt_delay 4.5"))->instances[0].preempt_delay, 4500ms);
}

TEST_F(InstanceTest, PreemptTakesNopreemptBack) {
  EXPECT_FALSE(load_text(instance_with("nopreempt\npreempt"))->instances[0].nopreempt);
}

TEST_F(InstanceTest, BatonsOwnKeywordTrackProxyIsKnown) {
  EXPECT_EQ(load_text(instance_with("track_proxy"))->instances[0].track_proxy, true);
  EXPECT_EQ(load_file(write("b", instance_with("track_proxy no")))->instances[0].track_proxy,
            false);
  EXPECT_EQ(everything(), "");
}

TEST_F(InstanceTest, GarpWordsOverrideTheGlobalOnes) {
  const auto model = load_text(
      "global_defs {\nvrrp_garp_master_delay 10\nvrrp_garp_master_refresh 60\n"
      "vrrp_garp_lower_prio_repeat 2\n}\n" +
      instance_with("garp_master_delay 0\ngarp_master_repeat 0\ngarp_master_refresh_repeat 3"));
  ASSERT_TRUE(model) << everything();
  const GarpSchedule& garp = model->instances[0].garp;
  EXPECT_EQ(garp.delay, 0s);
  EXPECT_EQ(garp.repeat, 1u);
  EXPECT_EQ(garp.refresh, 60s);
  EXPECT_EQ(garp.refresh_repeat, 3u);
  EXPECT_EQ(garp.lower_priority_repeat, 2u);
  EXPECT_FALSE(garp.lower_priority_delay.has_value());
  EXPECT_TRUE(tolerates("garp_master_repeat must be greater than 0, setting to 1"));
}

TEST_F(InstanceTest, StrictModeDropsWhatItForbids) {
  const auto model = load_text(
      "global_defs {\nvrrp_skip_check_adv_addr\nvrrp_strict\nvrrp_garp_interval 0\n"
      "vrrp_gna_interval 0\n}\n" +
      instance_with("state MASTER\nauthentication {\nauth_type PASS\nauth_pass 1111\n}"
                    "\npriority 150\ngarp_lower_prio_repeat 5"));
  ASSERT_TRUE(model) << everything();
  const VrrpInstance& instance = model->instances[0];
  EXPECT_TRUE(instance.strict);
  EXPECT_TRUE(instance.skip_check_advert_addresses);
  EXPECT_EQ(instance.auth, VrrpAuth::none);
  EXPECT_FALSE(instance.wants_master);
  EXPECT_FALSE(instance.accept);
  EXPECT_EQ(instance.garp.lower_priority_repeat, 0u);
  EXPECT_TRUE(says(Severity::warning, "Strict mode does not support authentication"));
  EXPECT_TRUE(says(Severity::note, "vrrp_strict: traffic to the virtual addresses is dropped"));
}

TEST_F(InstanceTest, StrictModeRefusesUnicastPeers) {
  EXPECT_FALSE(load_text(instance_with("strict_mode on\nunicast_peer { 10.0.0.2 }")));
  EXPECT_TRUE(refuses("Strict mode does not support unicast peers"));
}

TEST_F(InstanceTest, StrictModeOfTheFileCanBeTurnedOff) {
  EXPECT_FALSE(load_text("global_defs {\nvrrp_strict\n}\n" + instance_with("strict_mode off"))
                   ->instances[0]
                   .strict);
}

TEST_F(InstanceTest, UnicastPeersMayHaveTtlBounds) {
  const auto model =
      load_text(instance_with("unicast_peer {\n10.0.0.2 min_ttl 250 max_ttl 255\n10.0.0.3\n}"));
  ASSERT_TRUE(model) << everything();
  const VrrpInstance& instance = model->instances[0];
  EXPECT_EQ(instance.unicast_peers[0].min_ttl, 250);
  EXPECT_EQ(instance.unicast_peers[0].max_ttl, 255);
  EXPECT_TRUE(instance.check_unicast_source);
  EXPECT_EQ(instance.unicast_peers.size(), 2u);
}

TEST_F(InstanceTest, ABadPeerIsSkippedAndNoPeerMeansMulticast) {
  const auto model = load_text(instance_with("unicast_peer { 1.2.3 }"));
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->instances[0].unicast_peers.empty());
  EXPECT_TRUE(tolerates("malformed unicast peer address[1.2.3]"));
  EXPECT_TRUE(says(Severity::warning, "Defaulting to multicast"));
}

TEST_F(InstanceTest, NoPeerIsNoMistakeWhereItIsAFault) {
  ASSERT_TRUE(load_text(instance_with("unicast_fault_no_peer\nunicast_peer {\n}")));
  EXPECT_FALSE(says(Severity::warning, "Defaulting to multicast"));
}

TEST_F(InstanceTest, TrackInterfaceTakesWeightsAndIgnoresItsOwn) {
  const auto model = load_text(instance_with(
      "track_interface {\nens34 weight -20 reverse\nens33\nens35 weight 300\nens34\n}"));
  ASSERT_TRUE(model) << everything();
  const auto& tracked = model->instances[0].tracked_interfaces;
  ASSERT_EQ(tracked.size(), 2u);
  EXPECT_EQ(tracked[0].weight, -20);
  EXPECT_TRUE(tracked[0].weight_reverse);
  EXPECT_EQ(tracked[1].weight, 0);
  EXPECT_TRUE(says(Severity::warning, "Ignoring track_interface ens33 since own interface"));
  EXPECT_TRUE(tolerates("weight must be between [-253..253]"));
  EXPECT_TRUE(tolerates("duplicate track_interface ens34"));
}

TEST_F(InstanceTest, WordsThatChangeBehaviourAreRefusedByName) {
  for (const char* word : {"use_ipvlan", "vrf"}) {
    Diagnostics problems;
    EXPECT_FALSE(load(sources_, {write(word, instance_with(word)), ""}, problems)) << word;
    ASSERT_EQ(problems.count(Severity::error), 1u) << word;
    EXPECT_THAT(problems.all()[0].message, testing::HasSubstr(word));
    EXPECT_THAT(problems.all()[0].message, testing::HasSubstr("not supported by baton yet"));
  }
}

TEST_F(InstanceTest, BlocksThatChangeBehaviourAreRefusedByName) {
  for (const char* word : {"track_bfd"}) {
    Diagnostics problems;
    const std::string text = instance_with(std::string(word) + " {\n something\n}\npriority 7");
    EXPECT_FALSE(load(sources_, {write(word, text), ""}, problems)) << word;
    EXPECT_EQ(problems.count(Severity::error), 1u) << word;
  }
}

TEST_F(InstanceTest, HarmlessWordsAreNoted) {
  EXPECT_TRUE(
      load_text(instance_with("debug 1\nkernel_rx_buf_size 4096\nsmtp_alert\n"
                              "lvs_sync_daemon_interface ens33")));
  EXPECT_EQ(problems_.count(Severity::note), 4u) << everything();
  EXPECT_EQ(problems_.count(Severity::error), 0u);
}

TEST_F(InstanceTest, ALineKeywordWithABlockIsSkippedWithIt) {
  const auto model = load_text(instance_with("priority 50\nstate MASTER {\nx\n}\nadvert_int 2"));
  ASSERT_TRUE(model) << everything();
  EXPECT_TRUE(tolerates("'state' takes no block"));
  EXPECT_EQ(model->instances[0].advert_interval, 2s);
}

}  // namespace
}  // namespace baton::config::keepalived
