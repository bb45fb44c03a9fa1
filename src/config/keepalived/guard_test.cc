// Words of baton that guard a takeover.

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

class Guard : public LoadTest {
 protected:
  const GuardOptions& options(const std::string& lines, const std::string& globals = "") {
    const std::string head = globals.empty() ? "" : "global_defs {\n" + globals + "\n}\n";
    config = load_text(head + instance_with(lines));
    static const GuardOptions nothing;
    return config ? config->instances.at(0).guard : nothing;
  }
  std::shared_ptr<const Failover> config;
};

TEST_F(Guard, IsOffUnlessAskedFor) {
  const auto& none = options("  priority 100");
  EXPECT_FALSE(none.has_second_path());
  EXPECT_TRUE(none.witnesses.empty());
  EXPECT_FALSE(none.takeover_link_wait);
}

TEST_F(Guard, ReadsPathsAndTimes) {
  const auto& guard = options(
      "  heartbeat_interface eth1\n  heartbeat_peer 10.1.0.2\n  heartbeat_interval 0.1\n"
      "  witness_timeout 0.5\n  takeover_link_wait 20");
  EXPECT_EQ(guard.heartbeat_interfaces, std::vector<std::string>{"eth1"});
  EXPECT_EQ(guard.heartbeat_peers, std::vector{net::IpAddress::ipv4(10, 1, 0, 2)});
  EXPECT_EQ(guard.heartbeat_interval, 100ms);
  EXPECT_EQ(guard.witness_timeout, 500ms);
  EXPECT_EQ(guard.takeover_link_wait, 20s);
}

TEST_F(Guard, ReadsEveryKindOfWitness) {
  const auto& guard = options(
      "  witness ping 10.0.0.254\n  witness arp 10.0.0.254\n  witness tcp fd00::1 53\n"
      "  witness http http://10.0.0.9:8080/health?x=1");
  ASSERT_EQ(guard.witnesses.size(), 4u) << everything();
  using Kind = Witness::Kind;
  EXPECT_EQ(guard.witnesses[0].kind, Kind::ping);
  EXPECT_EQ(guard.witnesses[1].kind, Kind::arp);
  EXPECT_EQ(guard.witnesses[2].kind, Kind::tcp);
  EXPECT_EQ(guard.witnesses[2].port, 53);
  EXPECT_EQ(guard.witnesses[3].kind, Kind::http);
  EXPECT_EQ(guard.witnesses[3].port, 8080);
  EXPECT_EQ(guard.witnesses[3].host, "10.0.0.9:8080");
  EXPECT_EQ(guard.witnesses[3].target, "/health?x=1");
  EXPECT_EQ(guard.witnesses[3].text, "http http://10.0.0.9:8080/health?x=1");
}

TEST_F(Guard, RefusesWitnessesThatCannotBeAsked) {
  for (const char* line :
       {"witness ping gateway", "witness arp fd00::1", "witness tcp 10.0.0.1",
        "witness smoke 10.0.0.1", "witness tcp 10.0.0.1 0", "witness http https://10.0.0.1/",
        "witness ping 10.0.0.1 80", "witness http http://name/", "witness ping"}) {
    problems_ = Diagnostics();
    EXPECT_EQ(load_text(instance_with(line)), nullptr) << line;
    EXPECT_TRUE(refuses("this witness cannot be asked")) << line << "\n" << everything();
  }
}

TEST_F(Guard, GlobalWordsHoldForInstancesThatSayNothing) {
  const auto& inherited = options("", "  heartbeat_interface eth1\n  witness ping 10.0.0.254\n");
  EXPECT_TRUE(inherited.has_second_path());
  EXPECT_EQ(inherited.witnesses.size(), 1u);
}

TEST_F(Guard, AnInstanceWithAPathOfItsOwnDoesNotTakeTheGlobalOne) {
  const auto& own = options("  heartbeat_peer 10.1.0.2", "  heartbeat_interface eth1\n");
  EXPECT_TRUE(own.heartbeat_interfaces.empty());
  EXPECT_EQ(own.heartbeat_peers.size(), 1u);
}

TEST_F(Guard, WarnsOfASecondPathThatIsTheFirst) {
  options("  heartbeat_interface ens33");
  EXPECT_TRUE(says(Severity::warning, "no second path")) << everything();
}

TEST_F(Guard, PeersMayHaveAddressesOfEitherFamily) {
  const auto& guard = options("  heartbeat_peer 10.1.0.2\n  heartbeat_peer fd00:1::2");
  ASSERT_EQ(guard.heartbeat_peers.size(), 2u) << everything();
  EXPECT_EQ(guard.heartbeat_peers[1], *net::IpAddress::parse("fd00:1::2"));
}

TEST_F(Guard, NotesThatReportsWithoutAKeyAreNotAuthenticated) {
  options("  heartbeat_peer 10.1.0.2");
  EXPECT_TRUE(says(Severity::note, "not authenticated")) << everything();
  EXPECT_FALSE(config->pair.needs_key());
}

TEST_F(Guard, AKeyServesReportsAlsoWithoutAPairLink) {
  options("  heartbeat_peer 10.1.0.2", "  pair_key /etc/baton/pair.key\n");
  EXPECT_FALSE(says(Severity::note, "not authenticated")) << everything();
  EXPECT_FALSE(says(Severity::warning, "pair_key has no effect")) << everything();
  EXPECT_TRUE(config->pair.needs_key());
  EXPECT_FALSE(config->pair.enabled());
}

TEST_F(Guard, RefusesBadPeers) {
  for (const char* line :
       {"heartbeat_peer node2", "heartbeat_peer 224.0.0.18", "heartbeat_peer ff02::12",
        "heartbeat_peer ::", "heartbeat_peer fe80::1"}) {
    problems_ = Diagnostics();
    EXPECT_EQ(load_text(instance_with(line)), nullptr) << line;
  }
}

}  // namespace
}  // namespace baton::config::keepalived
