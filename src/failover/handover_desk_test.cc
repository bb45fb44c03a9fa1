// What a desk decides, with routers of its own and everything else made up.

#include "failover/handover_desk.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>

#include "failover/handover_messages.h"

namespace baton::failover {
namespace {

net::IpAddress ip(const char* text) {
  return *net::IpAddress::parse(text);
}

// VI_1 on eth0 and VI_2 on eth1, this node being .1 or .2 on both.
class Face final : public RouterFace {
 public:
  Face(int number, const net::IpAddress& source) : instance_(settings_of(number)) {
    HeldAddress held;
    held.prefix = {address_of(number), 24};
    held.device = fmt::format("eth{}", number - 1);
    held_.push_back(held);
    obey(vrrp::event::Start{});
    obey(vrrp::event::SourceChanged{source});
  }
  static net::IpAddress address_of(int number) {
    return ip(number == 1 ? "10.9.0.100" : "10.9.1.100");
  }
  static vrrp::Settings settings_of(int number) {
    vrrp::Settings settings;
    settings.name = fmt::format("VI_{}", number);
    settings.virtual_router_id = static_cast<std::uint8_t>(50 + number);
    settings.addresses = {address_of(number)};
    return settings;
  }
  [[nodiscard]] const vrrp::Instance& instance() const override { return instance_; }
  [[nodiscard]] const std::vector<HeldAddress>& held() const override { return held_; }
  void obey(const vrrp::Event& event) override {
    static_cast<void>(instance_.handle(event, now));
    if (on_event) on_event();
  }
  void hear(const net::IpAddress& from, std::uint8_t priority) {
    const auto group = vrrp::multicast_group(net::Family::ipv4);
    const auto parsed = vrrp::parse_ipv4_packet(vrrp::build_ipv4_packet(
        vrrp::build_message(instance_.make_advert(priority), from, group), from, group, 1));
    obey(vrrp::event::AdvertReceived{&parsed});
  }
  // Its next timer.
  void wait() {
    now = instance_.deadline();
    obey(vrrp::event::TimerDue{});
  }

  Instant now{1000s};
  std::function<void()> on_event;

 private:
  vrrp::Instance instance_;
  std::vector<HeldAddress> held_;
};

class Desk final : public HandoverDesk {
 public:
  explicit Desk(const char* source_1, const char* source_2) : HandoverDesk(1) {
    routers.emplace_back(1, ip(source_1));
    routers.emplace_back(2, ip(source_2));
    for (Face& face : routers) face.on_event = [this] { review(); };
  }

  std::deque<Face> routers;
  std::string filtered;  // the last commands for silence, or all for the taker
  std::string kept_rules;
  std::vector<PairMessage> sent;
  HandoverPeer other{ip("10.8.0.2"), "other", 7, true, ""};

  [[nodiscard]] Faces faces() const override {
    Faces all;
    for (const Face& face : routers) all.push_back(const_cast<Face*>(&face));
    return all;
  }

 private:
  Instant now() override { return routers[0].now; }
  void wake_at(Instant) override {}
  void write_log(LogLevel, const std::string&) override {}
  void tell(const Faces& told, const vrrp::Event& event) override {
    for (RouterFace* face : told) face->obey(event);
  }
  [[nodiscard]] std::vector<HandoverPeer> peers() const override { return {other}; }
  void send(const net::IpAddress&, PairMessage type, const std::string&) override {
    sent.push_back(type);
  }
  void keep(const std::string&, const std::vector<HeldAddress>&) override {}
  void unkeep(const std::string&) override {}
  Status filter(const std::string& commands, const char*) override {
    filtered += commands;
    if (commands.starts_with("add table arp")) kept_rules = commands;
    return {};
  }
  Status visit_flows(const std::vector<net::IpAddress>&, const FlowVisitor&) override { return {}; }
  void pass_ended(std::uint64_t, bool, const std::string&) override {}
  void addresses_leave(const std::vector<net::IpAddress>&) override {}
  [[nodiscard]] bool is_stopping() const override { return false; }
};

TEST(HandoverDesk, ConnectionsGoToTheAddressThatTheGiverHasOnTheirLink) {
  Desk desk("10.9.0.2", "10.9.1.2");
  desk.routers[0].hear(ip("10.9.0.1"), 200);
  desk.routers[1].hear(ip("10.9.1.1"), 200);
  HandoverScope scope;
  scope.id = 9;
  scope.instances = {"VI_1", "VI_2"};
  scope.addresses = {Face::address_of(1), Face::address_of(2)};
  scope.giver = {ip("10.9.0.1"), ip("10.9.1.1")};
  desk.on_message(PairMessage::handover_offer, desk.other, encode_offer(scope));
  ASSERT_EQ(desk.sent, std::vector{PairMessage::handover_ready});
  EXPECT_TRUE(desk.filtered.contains("fwd ip to 10.9.0.1 device \"eth0\""));
  EXPECT_TRUE(desk.filtered.contains("fwd ip to 10.9.1.1 device \"eth1\""));
}

// The successor has lost one of the links since then.
TEST(HandoverDesk, AnAddressThatIsBackIsAnsweredFor) {
  Desk desk("10.9.0.1", "10.9.1.1");
  for (Face& face : desk.routers) face.wait();
  desk.pass(desk.faces(), "", 0);
  ASSERT_EQ(desk.given().size(), 1u);
  desk.on_message(PairMessage::handover_ready, desk.other,
                  encode_note({desk.given()[0]->machine.scope().id, ""}));
  for (Face& face : desk.routers) ASSERT_TRUE(face.instance().is_yielding());
  EXPECT_TRUE(desk.kept_rules.contains("arp daddr ip 10.9.0.100 drop"));
  EXPECT_TRUE(desk.kept_rules.contains("arp daddr ip 10.9.1.100 drop"));
  desk.routers[0].hear(ip("10.9.0.2"), 50);
  desk.routers[1].hear(ip("10.9.1.2"), 50);
  for (Face& face : desk.routers) face.wait();
  ASSERT_EQ(desk.given()[0]->machine.state(), HandoverGiver::State::serving);
  while (desk.routers[0].instance().state() != vrrp::State::master) desk.routers[0].wait();
  EXPECT_EQ(desk.given()[0]->machine.state(), HandoverGiver::State::serving);
  EXPECT_FALSE(desk.kept_rules.contains("10.9.0.100"));
  EXPECT_TRUE(desk.kept_rules.contains("arp daddr ip 10.9.1.100 drop"));
}

TEST(HandoverDesk, AStopDuringAPassEndsAsAStopAlsoWithoutTheLink) {
  Desk desk("10.9.0.1", "10.9.1.1");
  for (Face& face : desk.routers) face.wait();
  desk.pass(desk.faces(), "", 0);
  ASSERT_TRUE(desk.give_at_stop(desk.faces()));
  ASSERT_EQ(desk.given().size(), 2u);
  desk.on_message(PairMessage::handover_ready, desk.other,
                  encode_note({desk.given()[0]->machine.scope().id, ""}));
  desk.other.is_up = false;
  desk.on_link_change(desk.other);
  for (int turns = 0; turns < 10; ++turns) {
    for (Face& face : desk.routers) {
      if (face.instance().state() == vrrp::State::master) face.wait();
    }
  }
  for (Face& face : desk.routers) EXPECT_EQ(face.instance().state(), vrrp::State::stopped);
}

}  // namespace
}  // namespace baton::failover
