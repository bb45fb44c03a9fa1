// Servers that come and go with the answers for a name.

#include "upstream/resolved_servers.h"

#include <gtest/gtest.h>

#include "upstream/thread_upstreams.h"
#include "upstream/upstreams.h"

namespace baton::upstream {
namespace {

class ResolvedServersTest : public testing::Test {
 protected:
  ResolvedServersTest() {
    config::UpstreamGroup group;
    group.name = "web";
    config::ResolvedServer line;
    line.host = "web.test";
    line.server.name = "web.test:80";
    line.server.max_fails = 3;
    group.resolved.push_back(line);
    config.upstreams.push_back(group);
    EXPECT_TRUE(name_slots(*region, config, 1));
  }
  static ResolvedMember at(std::uint8_t last, std::uint32_t weight = 1) {
    return {{net::IpAddress::ipv4(10, 0, 0, last), 80}, weight, false};
  }
  static std::vector<std::string> names(const Group& group) {
    std::vector<std::string> result;
    for (const Peer& peer : group.peers()) result.push_back(peer.name);
    return result;
  }

  config::Proxy config;
  std::unique_ptr<ipc::SharedRegion> region = std::move(*ipc::SharedRegion::create());
};

using Names = std::vector<std::string>;

TEST_F(ResolvedServersTest, AGroupHasWhatItsNameStandsFor) {
  ResolvedServers servers(config.upstreams[0], *region, 1);
  EXPECT_TRUE(servers.make_group()->peers().empty());
  EXPECT_TRUE(servers.set(0, {at(2, 5), at(1)}));
  const auto group = servers.make_group();
  EXPECT_EQ(names(*group), (Names{"10.0.0.1:80", "10.0.0.2:80"}));
  EXPECT_EQ(group->peers()[1].weight, 5u);
  EXPECT_EQ(group->peers()[1].health.max_fails, 3u);
}

TEST_F(ResolvedServersTest, TheSameAnswerInAnotherOrderIsNoChange) {
  ResolvedServers servers(config.upstreams[0], *region, 1);
  EXPECT_TRUE(servers.set(0, {at(1), at(2)}));
  EXPECT_FALSE(servers.set(0, {at(2), at(1)}));
  EXPECT_TRUE(servers.set(0, {at(2, 9), at(1)}));
}

TEST_F(ResolvedServersTest, AServerThatAnAnswerNamesTwiceStandsTwiceInTheGroup) {
  ResolvedServers servers(config.upstreams[0], *region, 1);
  EXPECT_TRUE(servers.set(0, {at(1), at(1)}));
  const auto group = servers.make_group();
  EXPECT_EQ(names(*group), (Names{"10.0.0.1:80", "10.0.0.1:80"}));
  EXPECT_NE(group->peers()[0].shared, group->peers()[1].shared);
  EXPECT_FALSE(servers.set(0, {at(1), at(1)}));
  EXPECT_TRUE(servers.set(0, {at(1)}));
  EXPECT_EQ(names(*servers.make_group()), (Names{"10.0.0.1:80"}));
}

TEST_F(ResolvedServersTest, AServerThatStaysKeepsItsCounters) {
  ResolvedServers servers(config.upstreams[0], *region, 1);
  servers.set(0, {at(1), at(2)});
  servers.make_group()->peers()[1].shared->requests = 7;
  servers.set(0, {at(3), at(2)});
  const auto group = servers.make_group();
  EXPECT_EQ(names(*group), (Names{"10.0.0.2:80", "10.0.0.3:80"}));
  EXPECT_EQ(group->peers()[0].shared->requests, 7u);
  EXPECT_EQ(group->peers()[1].shared->requests, 0u);
}

TEST_F(ResolvedServersTest, TheNextGenerationBeginsWithWhatIsKnown) {
  ResolvedServers before(config.upstreams[0], *region, 1);
  before.set(0, {at(1, 4)});
  before.make_group()->peers()[0].shared->requests = 3;
  ResolvedServers after(config.upstreams[0], *region, 2);
  const auto group = after.make_group();
  ASSERT_EQ(names(*group), Names{"10.0.0.1:80"});
  EXPECT_EQ(group->peers()[0].weight, 4u);
  EXPECT_EQ(group->peers()[0].shared->requests, 3u);
  EXPECT_FALSE(after.set(0, {at(1, 4)}));
}

TEST_F(ResolvedServersTest, ASlotWithRequestsIsNotGivenToAnotherServer) {
  ResolvedServers servers(config.upstreams[0], *region, 1);
  servers.set(0, {at(1)});
  ipc::PeerSlot* const busy = servers.make_group()->peers()[0].shared;
  busy->active[1] = 1;
  // As many others as there are slots: one has to wait.
  std::vector<ResolvedMember> many;
  for (std::uint8_t i = 0; i < ResolvedServers::members_max; ++i) {
    many.push_back(at(static_cast<std::uint8_t>(100 + i)));
  }
  servers.set(0, many);
  const auto group = servers.make_group();
  EXPECT_EQ(group->peers().size(), ResolvedServers::members_max - 1);
  for (const Peer& peer : group->peers()) EXPECT_NE(peer.shared, busy);
}

TEST_F(ResolvedServersTest, MoreServersThanSlotsAreLeftOut) {
  ResolvedServers servers(config.upstreams[0], *region, 1);
  std::vector<ResolvedMember> many;
  for (std::uint8_t i = 0; i < 200; ++i) many.push_back(at(i));
  EXPECT_TRUE(servers.set(0, many));
  EXPECT_EQ(servers.make_group()->peers().size(), ResolvedServers::members_max);
}

class ThreadUpstreamsTest : public ResolvedServersTest {
 protected:
  static config::UpstreamServer server(std::uint8_t last) {
    config::UpstreamServer result;
    result.endpoint = {net::IpAddress::ipv4(10, 0, 0, last), 80};
    return result;
  }
  Upstreams upstreams{config, *region, 1};
  std::unique_ptr<runtime::Loop> loop = std::move(*runtime::Loop::create());
  ThreadUpstreams thread{*loop, upstreams};
};

TEST_F(ThreadUpstreamsTest, ARequestHoldsTheGroupThatItBeganWith) {
  upstreams.resolved(0)->set(0, {at(1)});
  upstreams.replace(0);
  const GroupHold first = thread.hold(0);
  upstreams.resolved(0)->set(0, {at(2)});
  upstreams.replace(0);
  const GroupHold second = thread.hold(0);
  EXPECT_EQ(names(*first->group), Names{"10.0.0.1:80"});
  EXPECT_EQ(names(*second->group), Names{"10.0.0.2:80"});
  EXPECT_EQ(thread.hold(0), second);
}

TEST_F(ThreadUpstreamsTest, ATargetIsRememberedWhateverTheOrderOfItsAddresses) {
  const GroupHold first = thread.target("web.test:80", {server(1), server(2)});
  EXPECT_GE(first->number, upstreams.size());
  EXPECT_EQ(thread.target("web.test:80", {server(2), server(1)}), first);
  EXPECT_NE(thread.target("web.test:80", {server(2)}), first);
  EXPECT_EQ(thread.hold(first->number), first);
}

TEST_F(ThreadUpstreamsTest, TargetsThatNobodyUsesMakeRoom) {
  const GroupHold used = thread.target("used", {server(1)});
  for (std::size_t i = 0; i < 2 * ThreadUpstreams::idle_targets_max; ++i) {
    static_cast<void>(thread.target(std::to_string(i), {server(1)}));
  }
  EXPECT_LE(thread.targets(), ThreadUpstreams::idle_targets_max);
  EXPECT_EQ(thread.target("used", {server(1)}), used);
}

TEST_F(ThreadUpstreamsTest, NamesOfGroupsAreFoundWithoutAPortOnly) {
  EXPECT_EQ(thread.find("Web", std::nullopt), 0u);
  EXPECT_EQ(thread.find("web", 80), std::nullopt);
  EXPECT_EQ(thread.find("other", std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace baton::upstream
