// Two nodes on the loopback, in one loop.

#include "failover/pair_link.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "runtime/listen.h"

namespace baton::failover {
namespace {

const std::string key_a(64, 'a');
const std::string key_b(64, 'b');

class PairLinkTest : public testing::Test {
 protected:
  struct Node {
    Node(runtime::Loop& loop, const std::string& own, const std::string& other,
         std::uint16_t own_port, std::uint16_t other_port)
        : link(loop, scope, log) {
      settings.key_file = "/k";
      settings.peers = {{*net::IpAddress::parse(other), other_port}};
      settings.listen = net::Endpoint{*net::IpAddress::parse(own), own_port};
      link.on(PairMessage::node_summary,
              [this](const PairPeer&, std::string_view body) { received.emplace_back(body); });
      link.on_change([this](const PairPeer& peer) { changes.push_back(peer.is_up()); });
    }
    [[nodiscard]] const PairPeer& peer() const { return *link.peers().front(); }

    runtime::TaskScope scope;
    MemoryLog log;
    PairLink link;
    config::PairSettings settings;
    std::vector<std::string> received;
    std::vector<bool> changes;
  };

  PairLinkTest() : loop(std::move(*runtime::Loop::create())) {
    // Ports of the test's own: free a moment ago.
    for (auto& port : ports) {
      auto fd = runtime::listen_tcp({net::IpAddress::ipv4(127, 0, 0, 1), 0});
      sockaddr_storage address;
      socklen_t size = sizeof address;
      ::getsockname(fd->get(), reinterpret_cast<sockaddr*>(&address), &size);
      port = net::Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address))->port;
    }
    left = std::make_unique<Node>(*loop, "127.0.0.1", "127.0.0.2", ports[0], ports[1]);
    right = std::make_unique<Node>(*loop, "127.0.0.2", "127.0.0.1", ports[1], ports[0]);
  }
  ~PairLinkTest() override {
    left->link.end();
    right->link.end();
    loop->cancel_all();
    runtime::TaskScope ending;
    ending.spawn(end());
    loop->run();
  }
  runtime::Task<void> end() {
    co_await left->scope.joined();
    co_await right->scope.joined();
    loop->stop();
  }

  // Turns the loop until `done`, for at most some seconds.
  template <typename Done>
  bool run_until(Done done) {
    const Instant deadline = loop->refresh_now() + 8s;
    bool reached = false;
    std::function<void()> look;
    runtime::Timer timer(*loop, [&] { look(); });
    look = [&] {
      reached = done();
      if (reached || loop->now() > deadline) {
        loop->stop();
      } else {
        timer.arm_after(2ms);
      }
    };
    timer.arm_after(0ms);
    loop->run();
    return reached;
  }
  bool await_link() {
    return run_until([&] { return left->peer().is_up() && right->peer().is_up(); });
  }

  std::unique_ptr<runtime::Loop> loop;
  std::uint16_t ports[2];
  std::unique_ptr<Node> left, right;
};

TEST_F(PairLinkTest, TwoNodesWithOneKeyHaveOneLinkAndTalk) {
  left->link.configure(left->settings, key_a, "left");
  right->link.configure(right->settings, key_a, "right");
  ASSERT_TRUE(await_link());
  EXPECT_EQ(left->peer().name(), "right");
  EXPECT_EQ(right->peer().name(), "left");
  const std::string large(200'000, 'x');
  ASSERT_TRUE(left->link.send(left->peer().address(), PairMessage::node_summary, "first"));
  ASSERT_TRUE(left->link.send(left->peer().address(), PairMessage::node_summary, large));
  ASSERT_TRUE(right->link.send(right->peer().address(), PairMessage::node_summary, "back"));
  ASSERT_TRUE(run_until([&] { return right->received.size() == 2 && left->received.size() == 1; }));
  EXPECT_EQ(right->received[0], "first");
  EXPECT_EQ(right->received[1], large);
  EXPECT_EQ(left->received[0], "back");
  EXPECT_EQ(left->peer().counters().connections, 1u);
}

TEST_F(PairLinkTest, AnotherKeyAtAReloadListensOnTheSamePortAtOnce) {
  left->link.configure(left->settings, key_a, "left");
  right->link.configure(right->settings, key_a, "right");
  ASSERT_TRUE(await_link());
  right->link.configure(right->settings, key_b, "right");
  EXPECT_FALSE(right->log.contains("cannot listen"));
  left->link.configure(left->settings, key_b, "left");
  EXPECT_TRUE(await_link());
}

TEST_F(PairLinkTest, APortThatSomebodyElseHasIsTriedAgain) {
  auto other = runtime::listen_tcp(*left->settings.listen);
  ASSERT_TRUE(other);
  left->link.configure(left->settings, key_a, "left");
  ASSERT_EQ(left->log.lines.size(), 1u);
  EXPECT_NE(left->log.lines[0].find("cannot listen"), std::string::npos);
  *other = runtime::Fd();
  EXPECT_TRUE(run_until([&] { return !runtime::listen_tcp(*left->settings.listen); }));
}

TEST_F(PairLinkTest, AnotherKeyGivesNoLinkAndSaysSo) {
  left->link.configure(left->settings, key_a, "left");
  right->link.configure(right->settings, key_b, "right");
  ASSERT_TRUE(run_until(
      [&] { return left->log.contains("another key") && right->log.contains("another key"); }));
  EXPECT_FALSE(left->peer().is_up());
  EXPECT_TRUE(left->changes.empty());
}

TEST_F(PairLinkTest, OnlyPeersOfTheFileAreHeard) {
  left->settings.peers = {{*net::IpAddress::parse("127.0.0.3"), ports[1]}};
  left->link.configure(left->settings, key_a, "left");
  right->link.configure(right->settings, key_a, "right");
  EXPECT_FALSE(run_until([&, until = loop->now() + 1s] {
                 return right->peer().is_up() || loop->now() > until;
               }) &&
               right->peer().is_up());
}

TEST_F(PairLinkTest, WithoutALinkSendingFails) {
  EXPECT_FALSE(left->link.send(net::IpAddress::ipv4(127, 0, 0, 2), PairMessage::node_summary, ""));
  left->link.configure(left->settings, key_a, "left");
  EXPECT_FALSE(left->link.send(left->peer().address(), PairMessage::node_summary, ""));
}

TEST_F(PairLinkTest, ALinkThatIsTakenOutOfTheFileGoesDownOnBothSides) {
  left->link.configure(left->settings, key_a, "left");
  right->link.configure(right->settings, key_a, "right");
  ASSERT_TRUE(await_link());
  left->link.configure({}, "", "left");
  EXPECT_TRUE(left->link.peers().empty());
  ASSERT_TRUE(run_until([&] { return !right->peer().is_up(); }));
  left->link.configure(left->settings, key_a, "left");
  ASSERT_TRUE(await_link());
  EXPECT_EQ(right->changes, (std::vector{true, false, true}));
}

TEST_F(PairLinkTest, AReloadOfTheSameSettingsKeepsTheConnection) {
  left->link.configure(left->settings, key_a, "left");
  right->link.configure(right->settings, key_a, "right");
  ASSERT_TRUE(await_link());
  left->link.configure(left->settings, key_a, "left");
  ASSERT_TRUE(left->peer().is_up());
  EXPECT_EQ(left->changes, std::vector{true});
}

TEST_F(PairLinkTest, ANodeThatDialsItselfRefuses) {
  left->settings.peers = {{*net::IpAddress::parse("127.0.0.1"), ports[0]}};
  left->link.configure(left->settings, key_a, "left");
  ASSERT_TRUE(run_until(
      [&] { return left->peer().problem().find("this node itself") != std::string::npos; }));
}

}  // namespace
}  // namespace baton::failover
