// vrrp_script, notify commands, accounts, and script security.

#include <unistd.h>

#include "config/keepalived/command.h"
#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

class ScriptTest : public LoadTest {
 protected:
  // A file with `script_lines` in vrrp_script chk, tracked by an instance.
  std::shared_ptr<const Failover> load_script(const std::string& script_lines,
                                              const std::string& tracking = "chk") {
    return load_text("vrrp_script chk {\n" + script_lines + "\n}\n" +
                     instance_with("track_script {\n" + tracking + "\n}"));
  }
  std::string program(mode_t mode = 0755) { return write("check.sh", "#!/bin/sh\n", mode); }
};

TEST_F(ScriptTest, AllWordsAreUnderstood) {
  const std::string path = program();
  const auto model = load_script("script \"" + path +
                                 " a 'b c'\"\ninterval 2\ntimeout 1.5\nweight -30\nrise 2\nfall "
                                 "3\nuser root root\ninit_fail");
  ASSERT_TRUE(model) << everything();
  const VrrpScript& script = model->scripts[0];
  EXPECT_EQ(script.command.arguments, (std::vector<std::string>{path, "a", "b c"}));
  EXPECT_EQ(script.interval, 2s);
  EXPECT_EQ(script.timeout, 1500ms);
  EXPECT_EQ(script.weight, -30);
  EXPECT_EQ(script.rise, 2u);
  EXPECT_EQ(script.fall, 3u);
  EXPECT_TRUE(script.initially_failed);
  EXPECT_EQ(script.command.user.uid, 0u);
  EXPECT_EQ(model->instances[0].tracked_scripts[0].weight, -30);
}

TEST_F(ScriptTest, TrackingMayOverrideTheWeight) {
  const auto model =
      load_script("script " + program() + "\nweight 5 reverse", "chk weight 20 noreverse");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances[0].tracked_scripts[0].weight, 20);
  EXPECT_FALSE(model->instances[0].tracked_scripts[0].weight_reverse);
}

TEST_F(ScriptTest, OneLineBlocksTrackToo) {
  const auto model = load_text("vrrp_script chk { script " + program() + " }\n" +
                               instance_with("track_script { chk }"));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances[0].tracked_scripts.size(), 1u);
}

TEST_F(ScriptTest, BadNumbersKeepTheDefaults) {
  const auto model =
      load_script("script " + program() + "\ninterval 0\nweight -300\nfall 0\nrise x\ntimeout -1");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->scripts[0].interval, 1s);
  EXPECT_EQ(model->scripts[0].weight, 0);
  EXPECT_EQ(model->scripts[0].rise, 1u);
  EXPECT_EQ(model->scripts[0].fall, 1u);
  EXPECT_EQ(problems_.count(Severity::error), 5u);
}

TEST_F(ScriptTest, AScriptThatIsNeverDefinedIsRefusedLoudly) {
  EXPECT_FALSE(load_text(instance_with("track_script { chk }")));
  EXPECT_TRUE(refuses("track script chk not found"));
  EXPECT_TRUE(refuses("keepalived would run without this check, baton does not"));
}

TEST_F(ScriptTest, AMisspeltScriptGetsASuggestion) {
  EXPECT_FALSE(load_text("vrrp_script check_nginx {\nscript " + program() + "\n}\n" +
                         instance_with("track_script { check_ngnix }")));
  EXPECT_EQ(find("check_ngnix not found")->suggestion, "did you mean \"check_nginx\"?");
}

TEST_F(ScriptTest, ATrackedScriptThatIsNotThereIsRefusedAndSaysWhatIsMissing) {
  EXPECT_FALSE(load_script("script " + folder_ + "/sub/check.sh"));
  EXPECT_TRUE(refuses("directory '" + folder_ + "/sub': No such file or directory"));
}

TEST_F(ScriptTest, ATrackedScriptThatMayNotBeExecutedIsRefused) {
  EXPECT_FALSE(load_script("script " + program(0644)));
  EXPECT_TRUE(refuses("is not executable for uid:gid"));
  EXPECT_TRUE(refuses("(mode 0644)"));
}

TEST_F(ScriptTest, AScriptThatNobodyTracksIsOnlyReported) {
  EXPECT_TRUE(load_text("vrrp_script chk {\nscript /nonexistent\n}\n" + instance_with("")));
  EXPECT_TRUE(tolerates("Disabling track script chk since not found/accessible"));
  EXPECT_TRUE(says(Severity::note, "script chk is not used"));
}

TEST_F(ScriptTest, AProgramWithoutASlashIsFoundThroughPath) {
  const auto model = load_script("script \"sh -c 'exit 0'\"");
  ASSERT_TRUE(model) << everything();
  EXPECT_THAT(model->scripts[0].command.arguments[0], testing::EndsWith("/sh"));
}

TEST_F(ScriptTest, AProgramThatPathDoesNotHoldIsRefused) {
  EXPECT_FALSE(load_script("script \"no-such-program-here -0 nginx\""));
  EXPECT_TRUE(refuses("Cannot find script no-such-program-here in path"));
}

TEST_F(ScriptTest, WordsBehindAnUnquotedCommandAreDroppedWithAWarning) {
  const auto model = load_script("script " + program() + " a b");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->scripts[0].command.arguments.size(), 1u);
  EXPECT_TRUE(says(Severity::warning, "'a' and what follows is not passed to the script"));
}

TEST_F(ScriptTest, AScriptWithoutACommandIsRemoved) {
  EXPECT_FALSE(load_script("interval 2"));
  EXPECT_TRUE(tolerates("No script set for vrrp_script chk - removing"));
  EXPECT_TRUE(refuses("track script chk not found"));
}

TEST_F(ScriptTest, AnOpenQuoteIsReported) {
  EXPECT_FALSE(load_script("script \"/bin/true 'a b\""));
  EXPECT_TRUE(tolerates("missing terminating '"));
}

TEST_F(ScriptTest, AnUnknownUserOfATrackedScriptIsRefused) {
  EXPECT_FALSE(load_script("script " + program() + "\nuser no-such-user"));
  EXPECT_TRUE(tolerates("Unable to resolve script username 'no-such-user' - ignoring"));
  EXPECT_TRUE(refuses("the account that it is to run under does not exist"));
}

TEST_F(ScriptTest, TheGlobalScriptUserIsTheDefault) {
  const auto account = find_account("nobody", "");
  ASSERT_TRUE(account);
  // Reachable for nobody, unlike the test's own folder.
  const auto model =
      load_text("global_defs {\nscript_user nobody\n}\nvrrp_script chk {\nscript /bin/true\n}\n" +
                instance_with("track_script { chk }"));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->scripts[0].command.user.uid, account->uid);
  EXPECT_EQ(model->scripts[0].command.user.gid, account->gid);
}

TEST_F(ScriptTest, GroupsMayStandBehindAColon) {
  const auto root = find_account("nobody", "root");
  ASSERT_TRUE(root);
  for (const char* words : {"nobody root", "nobody :root", "nobody:root"}) {
    Diagnostics problems;
    const auto model = load(
        sources_, {write(words, "global_defs {\nscript_user " + std::string(words) + "\n}\n"), ""},
        problems);
    ASSERT_TRUE(model);
    EXPECT_EQ(model->script_user.gid, 0u) << words;
    EXPECT_NE(model->script_user.uid, 0u) << words;
  }
}

TEST_F(ScriptTest, AnUnknownGlobalUserIsToleratedOnlyWithoutScriptSecurity) {
  EXPECT_TRUE(load_text("global_defs {\nscript_user no-such-user\n}\n"));
  EXPECT_FALSE(load_file(
      write("b", "global_defs {\nscript_user no-such-user\nenable_script_security\n}\n")));
}

TEST_F(ScriptTest, ScriptSecurityNamesThePathElementThatOthersCanWrite) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs files of root";
  const std::string path = write("open/check.sh", "#!/bin/sh\n", 0755);
  ::chmod((folder_ + "/open").c_str(), 0777);
  const std::string text =
      "global_defs {\nscript_user root\nenable_script_security\n}\n"
      "vrrp_script chk {\nscript " +
      path + "\n}\n" + instance_with("track_script { chk }");
  EXPECT_FALSE(load_text(text));
  EXPECT_TRUE(refuses("Unsafe permissions found for script"));
  // The temporary folder itself is open to everybody on most systems, and comes first.
  EXPECT_TRUE(refuses("is writable by everybody (mode"));
}

TEST_F(ScriptTest, NotifyCommandsTakeAnAccountBehindThem) {
  const auto model =
      load_text(instance_with("notify_master \"/bin/true 'a b' c\" nobody\n"
                              "notify_backup /bin/true\nnotify_fault /bin/true\n"
                              "notify_stop /bin/true\nnotify /bin/true"));
  ASSERT_TRUE(model) << everything();
  const NotifyCommands& notify = model->instances[0].notify;
  EXPECT_EQ(notify.master->arguments.size(), 3u);
  EXPECT_EQ(notify.master->arguments[1], "a b");
  EXPECT_EQ(notify.master->user.name, "nobody");
  EXPECT_TRUE(notify.backup && notify.fault && notify.stop && notify.any);
}

TEST_F(ScriptTest, ASecondNotifyCommandIsIgnored) {
  const auto model = load_text(instance_with("notify_master /bin/true\nnotify_master /bin/false"));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances[0].notify.master->arguments[0], "/bin/true");
  EXPECT_TRUE(tolerates("notify_master script already specified - ignoring /bin/false"));
}

TEST_F(ScriptTest, ANotifyCommandThatIsNotThereIsReportedAndKept) {
  const auto model = load_text(instance_with("notify_master /nonexistent.sh"));
  ASSERT_TRUE(model) << everything();
  EXPECT_TRUE(model->instances[0].notify.master.has_value());
  EXPECT_TRUE(tolerates("it is tried all the same when its time comes"));
}

TEST_F(ScriptTest, ANotifyCommandThatOthersCanWriteIsNotKeptAndSaysSo) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs files of root";
  const std::string path = write("open/notify.sh", "#!/bin/sh\n", 0777);
  const auto model = load_text("global_defs {\nscript_user root\nenable_script_security\n}\n" +
                               instance_with("notify_master " + path));
  ASSERT_TRUE(model) << everything();
  EXPECT_FALSE(model->instances[0].notify.master.has_value());
  EXPECT_TRUE(tolerates("; it is never run"));
}

TEST_F(ScriptTest, SyncGroupsHaveMembersAndNotifyCommands) {
  const auto model = load_text(
      "vrrp_sync_group G {\ngroup {\nVI_1\nVI_3\n}\nnotify_master "
      "/bin/true\n}\nvrrp_sync_group H {\n}\n" +
      instance_with(""));
  ASSERT_TRUE(model) << everything();
  ASSERT_EQ(model->sync_groups.size(), 1u);
  EXPECT_TRUE(model->sync_groups[0].notify.master.has_value());
  EXPECT_TRUE(tolerates("Virtual router VI_3 specified in sync group G doesn't exist"));
  EXPECT_TRUE(tolerates("Sync group H has no virtual router(s). removing"));
  EXPECT_TRUE(says(Severity::warning, "Sync group G has only 1 virtual router(s)"));
}

TEST_F(ScriptTest, AnInstanceBelongsToOneGroup) {
  const auto model = load_text(
      "vrrp_sync_group G {\ngroup {\nA B\n}\n}\nvrrp_sync_group H "
      "{\ngroup {\nB C\n}\n}\n" +
      instance_with("", "A", "1") + instance_with("", "B", "2") + instance_with("", "C", "3"));
  ASSERT_TRUE(model) << everything();
  EXPECT_TRUE(tolerates("Virtual router B cannot exist in more than one sync group"));
  EXPECT_EQ(model->sync_groups[1].members, std::vector<std::uint32_t>{2});
}

TEST_F(ScriptTest, WeightsOfMembersOfSyncGroupsAreIgnoredAloud) {
  const auto model = load_text(
      "vrrp_script chk {\nscript /bin/true\nweight -20\n}\n"
      "vrrp_sync_group G {\ngroup {\nA B\n}\n}\n" +
      instance_with("track_script {\nchk\n}\ntrack_interface {\nens34 weight -10\n}", "A", "1") +
      instance_with("", "B", "2"));
  ASSERT_TRUE(model) << everything();
  EXPECT_TRUE(model->instances[0].tracked_scripts.empty());
  EXPECT_TRUE(model->instances[0].tracked_interfaces.empty());
  EXPECT_TRUE(says(Severity::warning, "(A) ignoring tracked script chk with weight"));
  EXPECT_TRUE(says(Severity::warning, "(A) ignoring tracked interface ens34 with weight"));
}

TEST_F(ScriptTest, GroupOfOwnersAndOthersIsWarnedOf) {
  const auto model =
      load_text("vrrp_sync_group G {\ngroup {\nA B\n}\n}\n" +
                instance_with("priority 255", "A", "1") + instance_with("priority 100", "B", "2"));
  ASSERT_TRUE(model) << everything();
  EXPECT_TRUE(says(Severity::warning, "Sync group G has some member(s) as address owner"));
}

TEST_F(ScriptTest, ATrackerOfASyncGroupIsOneOfItsMembers) {
  const auto model = load_text(
      "vrrp_sync_group G {\ngroup {\nVI_1\n}\ntrack_interface {\ne\n}\n}\n" + instance_with(""));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances[0].tracked_interfaces.at(0).name, "e");
}

}  // namespace
}  // namespace baton::config::keepalived
