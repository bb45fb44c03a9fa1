// The words of the pair link.

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

class PairWordsTest : public LoadTest {
 protected:
  std::shared_ptr<const Failover> load_globals(const std::string& lines) {
    return load_text("global_defs {\n" + lines + "\n}\n");
  }
};

TEST_F(PairWordsTest, WithoutThemThereIsNoLink) {
  const auto model = load_globals("router_id A");
  ASSERT_TRUE(model) << everything();
  EXPECT_FALSE(model->pair.enabled());
  EXPECT_EQ(model->pair.handover_timeout, 600s);
}

TEST_F(PairWordsTest, ValuesReachTheModel) {
  const auto model = load_globals(
      "pair_key /etc/baton/pair.key\npair_peer 10.0.0.2\npair_peer 2001:db8::2 5000\n"
      "pair_listen 10.0.0.1 5001\nhandover_timeout 30");
  ASSERT_TRUE(model) << everything();
  EXPECT_TRUE(model->pair.enabled());
  EXPECT_EQ(model->pair.key_file, "/etc/baton/pair.key");
  ASSERT_EQ(model->pair.peers.size(), 2u);
  EXPECT_EQ(model->pair.peers[0].text(), "10.0.0.2:4112");
  EXPECT_EQ(model->pair.peers[1].text(), "[2001:db8::2]:5000");
  EXPECT_EQ(model->pair.listen->text(), "10.0.0.1:5001");
  EXPECT_EQ(model->pair.handover_timeout, 30s);
  EXPECT_EQ(everything(), "");
}

TEST_F(PairWordsTest, ANumberAloneIsThePortToListenOn) {
  const auto model = load_globals("pair_key /k\npair_peer 10.0.0.2\npair_listen 5001");
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->pair.listen->text(), "[::]:5001");
}

TEST_F(PairWordsTest, APeerWithoutAKeyIsRefused) {
  EXPECT_FALSE(load_globals("pair_peer 10.0.0.2"));
  EXPECT_TRUE(refuses("the pair link needs a key"));
}

TEST_F(PairWordsTest, AVirtualAddressIsNoNode) {
  const std::string globals = "global_defs {\n pair_key /k\n pair_peer 10.0.0.1\n}\n";
  EXPECT_FALSE(load_text(globals + instance_with("")));
  EXPECT_TRUE(refuses("pair_peer 10.0.0.1 is a virtual address of VI_1"));
  EXPECT_FALSE(load_file(write("b", instance_with("  heartbeat_peer 10.0.0.1"))));
  EXPECT_TRUE(refuses("heartbeat_peer 10.0.0.1 is a virtual address of VI_1"));
}

TEST_F(PairWordsTest, InAnInstanceItSaysWhereTheyBelong) {
  ASSERT_TRUE(load_text(instance_with("  pair_key /k")));
  const Diagnostic* problem = find("Unknown keyword 'pair_key'");
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->suggestion, "pair_key belongs in global_defs");
}

TEST_F(PairWordsTest, WhatIsNoAddressOrPortIsRefused) {
  EXPECT_FALSE(load_globals("pair_key /k\npair_peer other"));
  EXPECT_FALSE(load_globals("pair_key /k\npair_peer 10.0.0.2 0"));
  EXPECT_FALSE(load_globals("pair_key /k\npair_peer 10.0.0.2 70000"));
  EXPECT_FALSE(load_globals("pair_key /k\npair_peer 0.0.0.0"));
  EXPECT_FALSE(load_globals("pair_key relative\npair_peer 10.0.0.2"));
  EXPECT_FALSE(load_globals("pair_key /k\npair_peer 10.0.0.2\npair_peer 10.0.0.2"));
}

}  // namespace
}  // namespace baton::config::keepalived
