// track_file, vrrp_track_process, interface_up_down_delays, linkbeat, trackers of sync groups.

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

class TrackingTest : public LoadTest {};

TEST_F(TrackingTest, ATrackedFileHasItsWeightFromItsBlockOrFromTheInstance) {
  const auto model = load_text(
      "track_file tf {\n file /tmp/a\n weight 2 reverse\n init_file 5 overwrite\n}\n"
      "vrrp_track_file old {\n file \"/tmp/b\"\n}\n" +
      instance_with("track_file {\n tf\n old weight -7\n}"));
  ASSERT_TRUE(model) << everything();
  const auto& files = model->tracking.files;
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].path, "/tmp/a");
  EXPECT_EQ(files[0].initial_value, 5);
  EXPECT_TRUE(files[0].overwrite);
  EXPECT_EQ(files[1].weight, 1);
  const auto& tracked = model->instances[0].tracked_files;
  ASSERT_EQ(tracked.size(), 2u);
  EXPECT_EQ(tracked[0].weight, 2);
  EXPECT_TRUE(tracked[0].weight_reverse);
  EXPECT_EQ(tracked[1].weight, -7);
}

TEST_F(TrackingTest, AFileWithoutPathOrTwiceIsLeftOut) {
  const auto model = load_text(
      "track_file none {\n weight 2\n}\ntrack_file tf {\n file /a\n}\ntrack_file tf {\n file "
      "/b\n}\n" +
      instance_with(""));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->tracking.files.size(), 1u);
  EXPECT_TRUE(tolerates("No file set for track_file none - removing"));
  EXPECT_TRUE(tolerates("track file tf already exists - ignoring"));
}

TEST_F(TrackingTest, AnUnknownFileIsAnErrorSinceTheCheckWouldBeMissing) {
  EXPECT_FALSE(
      load_text("track_file tfile {\n file /a\n}\n" + instance_with("track_file {\n tfil\n}")));
  EXPECT_TRUE(refuses("(VI_1) track file tfil not found"));
}

TEST_F(TrackingTest, AProcessIsMatchedAsItsBlockSays) {
  using Match = TrackProcess::Match;
  const auto model = load_text(
      "vrrp_track_process plain {\n process nginx\n quorum 2\n quorum_max 4\n delay 0.5\n}\n"
      "vrrp_track_process exact {\n process \"a b\" -c \"x y\"\n weight 10\n full_command\n}\n"
      "vrrp_track_process first {\n process app -c\n param_match partial\n fork_delay 2\n}\n"
      "vrrp_track_process none {\n process averyveryverylongname\n quorum_max 0\n}\n" +
      instance_with("track_process {\n plain\n exact weight 5 reverse\n}"));
  ASSERT_TRUE(model) << everything();
  const auto& processes = model->tracking.processes;
  ASSERT_EQ(processes.size(), 4u);
  EXPECT_EQ(processes[0].match, Match::name);
  EXPECT_EQ(processes[0].quorum, 2u);
  EXPECT_EQ(processes[0].quorum_max, 4u);
  EXPECT_EQ(processes[0].fork_delay, 500ms);
  EXPECT_EQ(processes[0].terminate_delay, 500ms);
  EXPECT_EQ(processes[1].match, Match::exact);
  EXPECT_EQ(processes[1].command, (std::vector<std::string>{"a b", "-c", "x y"}));
  EXPECT_EQ(processes[2].match, Match::partial);
  EXPECT_EQ(processes[2].fork_delay, 2s);
  EXPECT_EQ(processes[2].terminate_delay, 0s);
  EXPECT_EQ(processes[3].command[0], "averyveryverylo") << "as the kernel cuts it";
  EXPECT_EQ(processes[3].quorum, 0u);
  EXPECT_EQ(model->instances[0].tracked_processes[1].weight, 5);
}

TEST_F(TrackingTest, DelaysOfInterfacesAreReadAndHeldAgainstTheAdverts) {
  const auto model = load_text(
      "interface_up_down_delays {\n ens33 2.5 1\n ens34 0.1\n ens34 1\n}\n" + instance_with(""));
  ASSERT_TRUE(model);
  const auto& delays = model->tracking.delays;
  ASSERT_EQ(delays.size(), 2u);
  EXPECT_EQ(delays[0].down, 2500ms);
  EXPECT_EQ(delays[0].up, 1s);
  EXPECT_EQ(delays[1].up, 100ms);
  EXPECT_TRUE(says(Severity::warning, "the down delay of ens33 (2.5 s) is not shorter than 2"));
  EXPECT_TRUE(tolerates("ens34 is there already"));
}

TEST_F(TrackingTest, LinkBeatsAreOfInterfacesInstancesOrEverything) {
  const auto model = load_text("linkbeat_interfaces {\n eth2\n eth3 ETHTOOL\n eth4 foo\n}\n" +
                               instance_with("linkbeat_use_polling"));
  ASSERT_TRUE(model);
  const auto& beats = model->tracking.link_beats;
  ASSERT_EQ(beats.size(), 4u);
  EXPECT_EQ(beats[0].preferred, LinkBeat::Way::mii);
  EXPECT_EQ(beats[1].preferred, LinkBeat::Way::ethtool);
  EXPECT_EQ(beats[3].interface, "ens33");
  EXPECT_FALSE(model->tracking.link_beat_everywhere);
}

// A group of A and B; B tracks a file with weight, and `lines` stand in the group.
std::string group_with(const std::string& instance_a, const std::string& instance_b,
                       const std::string& lines) {
  return "track_file tf {\n file /a\n}\n" + instance_a + instance_b +
         "vrrp_sync_group G {\n group {\n A\n B\n }\n" + lines + "\n}\n";
}

TEST_F(TrackingTest, WhatAGroupTracksEveryMemberTracksAndWeightsOfMembersDoNotCount) {
  const auto model = load_text(group_with(instance_with("", "A", "1"),
                                          instance_with("track_file {\n tf\n}", "B", "2"),
                                          "track_file {\n tf weight 7\n}\n"
                                          "track_interface {\n ens34 weight 3\n ens33\n}"));
  ASSERT_TRUE(model) << everything();
  EXPECT_TRUE(says(Severity::warning, "(B) ignoring tracked file tf with weight 1 due to SYNC"));
  for (const auto& instance : model->instances) {
    ASSERT_EQ(instance.tracked_files.size(), 1u);
    EXPECT_EQ(instance.tracked_files[0].weight, 7);
    ASSERT_EQ(instance.tracked_interfaces.size(), 1u) << "the own one is tracked anyway";
    EXPECT_EQ(instance.tracked_interfaces[0].name, "ens34");
  }
}

TEST_F(TrackingTest, MembersMayWeighByThemselvesWhenTheGroupSaysSo) {
  const auto model = load_text(group_with(instance_with("", "A", "1"),
                                          instance_with("track_file {\n tf\n}", "B", "2"),
                                          "sync_group_tracking_weight"));
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->instances[0].tracked_files.empty());
  EXPECT_EQ(model->instances[1].tracked_files.size(), 1u);
}

TEST_F(TrackingTest, WithGlobalTrackingMembersShareWhatTheyTrack) {
  const auto model =
      load_text(group_with(instance_with("", "A", "1"),
                           instance_with("track_file {\n tf\n}", "B", "2"), "global_tracking"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->instances[0].tracked_files.size(), 1u);
  EXPECT_TRUE(says(Severity::warning, "global_tracking is deprecated"));
}

}  // namespace
}  // namespace baton::config::keepalived
