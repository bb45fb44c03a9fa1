// keepalived.conf as users write it, into the model, and what is said about mistakes.

#include "config/keepalived/load.h"

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

constexpr std::string_view tutorial_master = R"(      ! Configuration File for keepalived

      global_defs {
         router_id nginx01
      }

      #注: vrrp_instance 定义用于将 director(调度器) 加到虚拟组中,以实现互为备份
      vrrp_instance web_server_group {
          state MASTER
          interface ens33
          virtual_router_id 55   #作为 00-00-5E-00-01-XX 中的 XX, 所以范围为 0 到 255, 见 https://en.wikipedia.org/wiki/Virtual_Router_Redundancy_Protocol
          priority 100           #选举 master 时,谁优先级高,谁就当 master(数字越大,优先级越高)
          advert_int 1           #master 和 slave确定后, master 隔 advert_int 秒发送心跳信息
          authentication {
              auth_type PASS
              auth_pass 1234
          }
          virtual_ipaddress {
              192.168.175.100
          }
      }
)";

TEST_F(LoadTest, TheTutorialsMasterLoadsWithoutAWord) {
  const auto model = load_text(tutorial_master);
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(everything(), "");
  EXPECT_EQ(model->router_id, "nginx01");
  ASSERT_EQ(model->instances.size(), 1u);
  const VrrpInstance& instance = model->instances[0];
  EXPECT_EQ(instance.name, "web_server_group");
  EXPECT_TRUE(instance.wants_master);
  EXPECT_EQ(instance.interface, "ens33");
  EXPECT_EQ(instance.virtual_router_id, 55);
  EXPECT_EQ(instance.priority, 100);
  EXPECT_EQ(instance.advert_interval, 1s);
  EXPECT_EQ(instance.auth, VrrpAuth::password);
  EXPECT_EQ(instance.password, "1234");
  ASSERT_EQ(instance.addresses.size(), 1u);
  EXPECT_EQ(instance.addresses[0].prefix.text(), "192.168.175.100/32");
  EXPECT_FALSE(instance.track_proxy.has_value());
}

TEST_F(LoadTest, TheTutorialsBackupWithUnicastAndScriptLoads) {
  const std::string script = write("check_nginx.sh", "#!/bin/bash\n", 0755);
  std::string text(tutorial_master);
  text.replace(text.find("MASTER"), 6, "BACKUP");
  text.insert(text.find("          virtual_ipaddress"),
              "    unicast_src_ip    192.168.175.102\n\n    unicast_peer {\n"
              "        192.168.175.101\n    }\n"
              "        # 在 vrrp_instance 块中\n        track_script {\n"
              "            check_nginx_service\n        }\n");
  text = "vrrp_script check_nginx_service {\n     script \"" + script + "\"\n     interval 1\n}\n" +
         text;
  const auto model = load_text(text);
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(everything(), "");
  const VrrpInstance& instance = model->instances[0];
  EXPECT_FALSE(instance.wants_master);
  ASSERT_EQ(instance.unicast_peers.size(), 1u);
  EXPECT_EQ(instance.unicast_peers[0].address.text(), "192.168.175.101");
  EXPECT_EQ(instance.source_address->text(), "192.168.175.102");
  ASSERT_EQ(instance.tracked_scripts.size(), 1u);
  EXPECT_EQ(model->scripts[0].command.arguments, std::vector<std::string>{script});
}

TEST_F(LoadTest, TheOrderOfBlocksDoesNotMatter) {
  const std::string script = write("check", "", 0755);
  const auto model = load_text("vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n}\n" +
                               instance_with("track_script { chk }") +
                               instance_with("", "VI_2", "52") + "vrrp_script chk {\n script " +
                               script + "\n}\nglobal_defs {\n vrrp_garp_master_repeat 3\n}\n");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->sync_groups[0].members, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(model->instances[0].garp.repeat, 3u);
  EXPECT_EQ(model->instances[0].tracked_scripts.size(), 1u);
  EXPECT_TRUE(says(Severity::note, "chk is defined further down"));
}

TEST_F(LoadTest, CarriageReturnsAndTabsAndAByteOrderMarkDoNotMatter) {
  const auto model = load_text(
      "\xef\xbb\xbfvrrp_instance VI_1 {\r\n\tinterface\tens33\r\n\tvirtual_router_id 51\r\n"
      "\tvirtual_ipaddress {\r\n\t\t10.0.0.1\r\n\t}\r\n}\r\n");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances[0].interface, "ens33");
  EXPECT_EQ(everything(), "");
}

TEST_F(LoadTest, AnEmptyFileIsInOrder) {
  const auto model = load_text("");
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->instances.empty());
  EXPECT_EQ(everything(), "");
}

TEST_F(LoadTest, AFileThatIsNotThereIsAnError) {
  EXPECT_FALSE(load_file(folder_ + "/nothing.conf"));
  EXPECT_TRUE(refuses("cannot read the configuration file"));
}

TEST_F(LoadTest, AFolderIsReadFileByFile) {
  write("conf.d/a.conf", "global_defs {\n router_id a\n}\n");
  write("conf.d/b.conf", instance_with(""));
  const auto model = load_file(folder_ + "/conf.d");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->router_id, "a");
  EXPECT_EQ(model->instances.size(), 1u);
}

TEST_F(LoadTest, IncludesAreRelativeToTheIncludingFile) {
  write("conf.d/one.conf", "include inner/*.conf\n");
  write("conf.d/inner/two.conf", "global_defs {\n router_id deep\n}\n");
  const auto model = load_text("include conf.d/*.conf\ninclude nothing/*.conf\n");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->router_id, "deep");
  EXPECT_TRUE(says(Severity::note, "No config files matched 'nothing/*.conf'."));
}

TEST_F(LoadTest, AnIncludeInsideABlockBelongsToTheBlock) {
  write("vips", "10.0.0.7\n10.0.0.8/24\n");
  const auto model = load_text(
      "vrrp_instance V {\ninterface e\nvirtual_router_id 1\nvirtual_ipaddress {\ninclude "
      "vips\n}\n}\n");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances[0].addresses.size(), 2u);
}

TEST_F(LoadTest, AFileThatIncludesItselfIsAnErrorNotAHang) {
  EXPECT_FALSE(load_text("include keepalived.conf\n"));
  EXPECT_TRUE(refuses("include one another"));
}

TEST_F(LoadTest, AStrictIncludeWithoutAMatchIsRefused) {
  EXPECT_FALSE(load_text("includea nothing.conf\n"));
  EXPECT_TRUE(refuses("Config files missing"));
}

TEST_F(LoadTest, ReplayedSourcesGiveTheSameModelWithoutTheDisk) {
  const std::string script = write("check", "", 0755);
  write("more.conf", "vrrp_script chk {\n script " + script + "\n}\n");
  const std::string path =
      write("keepalived.conf", "include more.*\n" + instance_with("track_script { chk }"));
  const auto live = load_file(path);
  ASSERT_TRUE(live) << everything();
  const std::string packed = sources_.pack();
  std::filesystem::remove_all(folder_);
  auto replayed_sources = SourceTree::unpack(packed);
  ASSERT_TRUE(replayed_sources);
  const auto replayed = load(*replayed_sources, {path, "main"}, problems_);
  ASSERT_TRUE(replayed) << everything();
  EXPECT_EQ(replayed->scripts[0].command.arguments, live->scripts[0].command.arguments);
  EXPECT_EQ(replayed->instances[0].tracked_scripts.size(), 1u);
}

TEST_F(LoadTest, ErrorsOfAnotherFileDoNotMakeThisOneBad) {
  problems_.error({}, "something in nginx.conf");
  EXPECT_TRUE(load_text(tutorial_master));
}

TEST_F(LoadTest, AnUnknownBlockInsideAnInstanceIsSkippedWhole) {
  const auto model = load_text(
      instance_with("  local_address_group {\n    1.2.3.4\n    inner {\n }\n  }\n  priority 77"));
  ASSERT_TRUE(model) << everything();
  EXPECT_TRUE(tolerates("Unknown keyword 'local_address_group': the block is skipped"));
  EXPECT_EQ(model->instances[0].priority, 77);
  EXPECT_EQ(model->instances[0].addresses.size(), 1u);
}

TEST_F(LoadTest, AMisspeltKeywordGetsASuggestionAndItsPlace) {
  ASSERT_TRUE(load_text(instance_with("  priorty 150")));
  const Diagnostic* problem = find("Unknown keyword 'priorty'");
  ASSERT_TRUE(problem);
  EXPECT_TRUE(problem->tolerated);
  EXPECT_EQ(problem->where.line, 4u);
  EXPECT_EQ(problem->where.column, 3u);
  EXPECT_EQ(problem->where.length, 7u);
  EXPECT_EQ(problem->suggestion, "did you mean \"priority\"?");
}

TEST_F(LoadTest, AMissingParameterIsWhatKeepalivedDoesNotStartWith) {
  EXPECT_FALSE(load_text(instance_with("  priority")));
  EXPECT_TRUE(
      refuses("`priority` is missing a parameter after keyword `priority` at word "
              "position 2"));
}

TEST_F(LoadTest, AMissingClosingBraceIsToleratedAtTheEndOfTheFile) {
  const auto model = load_text(
      "vrrp_instance V {\ninterface e\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n");
  ASSERT_TRUE(model) << everything();
  EXPECT_TRUE(tolerates("There are 1 missing '}'s"));
  EXPECT_EQ(model->instances[0].addresses.size(), 1u);
}

TEST_F(LoadTest, AMissingClosingBraceDoesNotSwallowTheNextInstance) {
  const auto model = load_text(
      "vrrp_instance A {\ninterface e\nvirtual_router_id 1\nvirtual_ipaddress {\n10.0.0.1\n}\n" +
      instance_with("", "B"));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances.size(), 2u);
  EXPECT_TRUE(tolerates("Missing '}' in front of this: the block 'vrrp_instance' of line 1"));
}

TEST_F(LoadTest, AnExtraClosingBraceIsTolerated) {
  ASSERT_TRUE(load_text(instance_with("") + "}\n"));
  EXPECT_TRUE(tolerates("Extra '}' found"));
}

TEST_F(LoadTest, AVirtualServerIsSkippedWholeWithOneNoteForItsKind) {
  const std::string server =
      "virtual_server 10.0.0.1 80{\n delay_loop 6\n real_server 10.0.0.2 80{\n  TCP_CHECK {\n"
      "   connect_timeout 3\n  }\n }\n}\n";
  const auto model = load_text(server + server + instance_with(""));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances.size(), 1u);
  EXPECT_EQ(problems_.count(Severity::note), 1u);
  EXPECT_EQ(problems_.count(Severity::error), 0u);
  EXPECT_TRUE(says(Severity::note, "virtual_server blocks are skipped"));
}

TEST_F(LoadTest, AVirtualServerWithoutItsBraceDoesNotBreakTheFile) {
  const auto model = load_text(
      "virtual_server 10.0.0.1 80\n delay_loop 6\n real_server 10.0.0.2 80 {\n weight 1\n }\n}\n" +
      instance_with(""));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances.size(), 1u);
  EXPECT_TRUE(tolerates("Missing '{' at beginning of configuration block 'virtual_server'"));
}

TEST_F(LoadTest, WordsOfKeepalivedThatBatonLacksAreNamedAsSuch) {
  EXPECT_FALSE(load_text(instance_with("use_ipvlan")));
  EXPECT_TRUE(refuses("'use_ipvlan' is keepalived's and not supported by baton yet"));
  EXPECT_FALSE(find("Unknown keyword"));
}

TEST_F(LoadTest, EveryWordOfALargeFileIsReadInLittleTime) {
  std::string text;
  for (int i = 0; i < 20000; ++i) {
    text += "vrrp_instance V" + std::to_string(i) + " {\n interface eth" + std::to_string(i / 200) +
            "\n virtual_router_id " + std::to_string(i % 200 + 1) +
            "\n virtual_ipaddress {\n 10.0.0.1\n }\n}\n";
  }
  const auto model = load_text(text);
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances.size(), 20000u);
}

}  // namespace
}  // namespace baton::config::keepalived
