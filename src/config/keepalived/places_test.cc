// Names and places of processes and files.

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

class PlacesTest : public LoadTest {
 protected:
  ProcessPlaces places(const std::string& outside, const std::string& globals) {
    sources_ = SourceTree::from_disk();  // it remembers the file of the load before
    const auto model =
        load_text(outside + "\nglobal_defs {\n" + globals + "\n}\n" + instance_with(""));
    EXPECT_TRUE(model) << everything();
    return model ? model->places : ProcessPlaces();
  }
};

TEST_F(PlacesTest, NamespaceAndInstanceStandOutsideOfAllBlocks) {
  const auto found = places("net_namespace blue\ninstance one\nuse_pid_dir\nchild_wait_time 9", "");
  EXPECT_EQ(found.network_namespace, "blue");
  EXPECT_EQ(found.instance, "one");
  EXPECT_TRUE(found.use_pid_dir);
  EXPECT_EQ(found.child_wait, 9s);
  EXPECT_EQ(problems_.count(Severity::error), 0u) << everything();
}

TEST_F(PlacesTest, ANameThatIsAPathIsRefused) {
  EXPECT_EQ(places("net_namespace ../etc", "").network_namespace, "");
  EXPECT_TRUE(tolerates("cannot be part of a file's name"));
}

TEST_F(PlacesTest, DumpsGetTheNamesWhenAskedTo) {
  EXPECT_EQ(places("instance i", "").data_path, "/tmp/keepalived.data");
  EXPECT_EQ(places("instance i", "data_use_instance").data_path, "/tmp/keepalived.i.data");
  const auto both = places("instance i\nnet_namespace n", "data_use_instance");
  EXPECT_EQ(both.data_path, "/tmp/keepalived.n_i.data");
  EXPECT_EQ(both.parent_data_path, "/tmp/keepalived_parent.n_i.data");
  EXPECT_EQ(both.stats_path, "/tmp/keepalived.stats");
}

TEST_F(PlacesTest, UmaskIsANumberOrNames) {
  EXPECT_EQ(places("", "").umask, 0177u);
  EXPECT_EQ(places("", "umask 022").umask, 022u);
  EXPECT_EQ(places("", "umask 0x1f").umask, 037u);
  EXPECT_EQ(places("", "umask 18").umask, 022u);
  EXPECT_EQ(places("", "umask IWGRP|IWOTH").umask, 022u);
  EXPECT_EQ(places("", "umask IRUSR | IXOTH").umask, 0401u);
  EXPECT_EQ(problems_.count(Severity::error), 0u) << everything();
  EXPECT_EQ(places("", "umask IWALL").umask, 0177u);
  EXPECT_TRUE(tolerates("Unable to parse umask"));
}

TEST_F(PlacesTest, ProcessNames) {
  EXPECT_EQ(places("", "").vrrp_name, "keepalived");
  EXPECT_EQ(places("", "process_names").vrrp_name, "keepalived_vrrp");
  EXPECT_EQ(places("", "process_names\nvrrp_process_name mine").vrrp_name, "mine");
  EXPECT_EQ(places("", "process_name boss").main_name, "boss");
}

TEST_F(PlacesTest, ReloadWords) {
  const auto found = places(
      "", "reload_check_config /tmp/x.log\nreload_time_file /run/when\nreload_repeat\nreload_file");
  EXPECT_EQ(found.reload_check_log, "/tmp/x.log");
  EXPECT_EQ(found.reload_time_file, "/run/when");
  EXPECT_TRUE(found.reload_repeat);
  EXPECT_EQ(found.reload_file, "/run/keepalived.reload");
  EXPECT_EQ(places("", "reload_time_file when").reload_time_file, "");
  EXPECT_TRUE(tolerates("is not an absolute path"));
}

}  // namespace
}  // namespace baton::config::keepalived
