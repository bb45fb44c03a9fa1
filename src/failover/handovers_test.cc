// What handovers decide, without a kernel: nodes of this test are told of each other's messages by
// hand, their virtual routers are real machines.

#include "failover/handovers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "failover/handover_messages.h"

namespace baton::failover {
namespace {

const net::IpAddress virtual_address = net::IpAddress::ipv4(10, 0, 0, 100);

net::IpAddress peer_address(int node) {
  return net::IpAddress::ipv4(10, 8, 0, static_cast<std::uint8_t>(node));
}

// A virtual router of node `node`.
class TestRouter final : public RouterFace {
 public:
  TestRouter(int node, const Instant& now) : instance_(settings()), now_(now) {
    HeldAddress held;
    held.prefix = {virtual_address, 24};
    held.device = "eth0";
    held_.push_back(held);
    obey(vrrp::event::Start{});
    obey(vrrp::event::SourceChanged{
        net::IpAddress::ipv4(10, 0, 0, static_cast<std::uint8_t>(node))});
  }
  static vrrp::Settings settings() {
    vrrp::Settings settings;
    settings.name = "VI_1";
    settings.virtual_router_id = 1;
    settings.addresses = {virtual_address};
    return settings;
  }
  [[nodiscard]] const vrrp::Instance& instance() const override { return instance_; }
  [[nodiscard]] const std::vector<HeldAddress>& held() const override { return held_; }
  [[nodiscard]] const std::string& link_of(const std::string& device) const override {
    return device;
  }
  void obey(const vrrp::Event& command) override {
    instance_.handle(command, now_);
    for (int i = 0; i < 3 && instance_.deadline() <= now_; ++i) {
      instance_.handle(vrrp::event::TimerDue{}, now_);
    }
    if (after) after();
  }
  void become_master() {
    obey(vrrp::event::TakeOver{"a test"});
    ASSERT_EQ(instance_.state(), vrrp::State::master);
  }
  // Another one is heard that is better, or that has taken over.
  void hear(int node, std::uint8_t priority) {
    vrrp::ParsedAdvert parsed;
    parsed.advert = instance_.make_advert(priority);
    parsed.envelope.source = net::IpAddress::ipv4(10, 0, 0, static_cast<std::uint8_t>(node));
    parsed.envelope.destination = vrrp::multicast_group(net::Family::ipv4);
    parsed.envelope.ttl = 255;
    parsed.address_count = 1;
    obey(vrrp::event::AdvertReceived{&parsed});
  }

  std::function<void()> after;

 private:
  vrrp::Instance instance_;
  const Instant& now_;
  std::vector<HeldAddress> held_;
};

class Listing final : public FlowListing {
 public:
  explicit Listing(std::vector<SeenFlow> flows) : flows_(std::move(flows)) {}
  Result<bool> read_some(const Visitor& visit) override {
    if (flows_.empty()) return false;
    visit(flows_.back());
    flows_.pop_back();
    return true;
  }

 private:
  std::vector<SeenFlow> flows_;
};

struct Sent {
  net::IpAddress to;
  PairMessage type{};
  std::string body;
};

struct Answer {
  std::uint64_t ticket = 0;
  bool ok = false;
  std::string text;
  friend bool operator==(const Answer&, const Answer&) = default;
};

// One node, the others being messages.
class TestNode final : public HandoverWorld {
 public:
  explicit TestNode(int number) : router(number, time), handovers(*this, log, recorder, 1000) {
    router.after = [this] { handovers.review(); };
  }

  [[nodiscard]] Instant now() override { return time; }
  void wake_at(Instant at) override { wake = at; }
  void work(Job job) override { jobs.push_back(std::move(job)); }
  [[nodiscard]] Faces routers() const override { return {const_cast<TestRouter*>(&router)}; }
  void tell(const Faces& routers, const vrrp::Event& event) override {
    for (RouterFace* one : routers) one->obey(event);
  }
  [[nodiscard]] bool is_stopping() const override { return stopping; }
  [[nodiscard]] bool has_link() const override { return !others.empty(); }
  [[nodiscard]] std::vector<HandoverPeer> peers() const override { return others; }
  [[nodiscard]] unsigned priority_of(const HandoverPeer& peer,
                                     const std::vector<std::string>&) const override {
    return priorities.contains(peer.name) ? priorities.at(peer.name) : 0;
  }
  Status send(const net::IpAddress& peer, PairMessage type, const std::string& body) override {
    sent.push_back({peer, type, body});
    return {};
  }
  void keep(const std::string& name, const std::vector<HeldAddress>&) override {
    kept.push_back(name);
  }
  void unkeep(const std::string& name) override { std::erase(kept, name); }
  Status filter(const std::string& commands, const char*) override {
    rules += commands;
    return {};
  }
  Result<std::unique_ptr<FlowListing>> list_flows(const std::vector<net::IpAddress>&) override {
    return std::make_unique<Listing>(flows);
  }
  void pass_ended(std::uint64_t ticket, bool ok, const std::string& text) override {
    answers.push_back({ticket, ok, text});
  }
  void addresses_leave(const std::vector<net::IpAddress>&, bool) override {}
  void close() override {
    closed = true;
    jobs.clear();
    wake = never;
  }

  void add_peer(int number, unsigned priority = 0) {
    const std::string name = "node" + std::to_string(number);
    others.push_back({peer_address(number), name, 7, true});
    priorities[name] = priority;
  }
  [[nodiscard]] HandoverPeer peer(int number) const {
    return *std::ranges::find(others, peer_address(number), &HandoverPeer::address);
  }
  // All work that is there, and what it makes.
  void do_work() {
    while (!jobs.empty()) {
      Job job = std::move(jobs.front());
      jobs.pop_front();
      if (job()) jobs.push_back(std::move(job));
    }
  }
  void wait(Duration length) {
    const Instant until = time + length;
    while (wake <= until) {
      time = std::max(time, wake);
      handovers.on_timer();
      do_work();
    }
    time = until;
  }
  // The answer of a peer to the last offer, or to the one before.
  void hear_note(int from, PairMessage type, std::uint64_t id, const std::string& why = "") {
    handovers.on_message(type, peer(from), encode_note({id, why}));
    do_work();
  }
  void ask(int from) {
    handovers.on_message(PairMessage::pass_request, peer(from), encode_names({"VI_1"}));
  }
  // To whom offers went, and the number of the last one.
  [[nodiscard]] std::vector<net::IpAddress> offered() const {
    std::vector<net::IpAddress> all;
    for (const auto& one : sent) {
      if (one.type == PairMessage::handover_offer) all.push_back(one.to);
    }
    return all;
  }
  [[nodiscard]] std::uint64_t offer() const {
    std::uint64_t id = 0;
    for (const auto& one : sent) {
      if (one.type == PairMessage::handover_offer) id = decode_offer(one.body)->id;
    }
    return id;
  }
  [[nodiscard]] bool has_sent(PairMessage type, int to) const {
    return std::ranges::any_of(
        sent, [&](const Sent& one) { return one.type == type && one.to == peer_address(to); });
  }
  // The successor is ready, takes over and is heard.
  void move_to(int successor) {
    hear_note(successor, PairMessage::handover_ready, offer());
    ASSERT_TRUE(router.instance().is_yielding());
    router.hear(successor, 90);
    time += 100ms;
    router.obey(vrrp::event::TimerDue{});
    do_work();
  }

  Instant time{std::chrono::hours(1)};
  Instant wake = never;
  std::deque<Job> jobs;
  std::vector<HandoverPeer> others;
  std::map<std::string, unsigned> priorities;
  std::vector<Sent> sent;
  std::vector<std::string> kept;
  std::string rules;
  std::vector<SeenFlow> flows;
  std::vector<Answer> answers;
  bool stopping = false;
  bool closed = false;
  MemoryLog log;
  FlightRecorder recorder;
  TestRouter router;
  Handovers handovers;
};

class HandoversTest : public testing::Test {
 protected:
  void SetUp() override {
    node.add_peer(2, 80);
    node.add_peer(3, 90);
    node.router.become_master();
    node.sent.clear();
  }
  void pass(const std::string& to, std::uint64_t ticket) {
    node.handovers.pass(node.routers(), to, ticket);
  }
  TestNode node{1};
};

TEST_F(HandoversTest, AnUnnamedPassGoesToThePeerWithTheBestPriority) {
  pass("", 1);
  EXPECT_EQ(node.offered(), std::vector{peer_address(3)});
  node.move_to(3);
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_TRUE(node.answers[0].ok) << node.answers[0].text;
  EXPECT_TRUE(node.answers[0].text.starts_with("VI_1 passed to node3"));
}

TEST_F(HandoversTest, OfPeersWithUnknownPriorityTheFirstOfTheFileIsAsked) {
  node.priorities.clear();
  pass("", 1);
  EXPECT_EQ(node.offered(), std::vector{peer_address(2)});
}

TEST_F(HandoversTest, AfterARefusalTheNextPeerIsAskedAndAfterTheLastOneTheOperatorIsTold) {
  pass("", 1);
  node.hear_note(3, PairMessage::handover_refused, node.offer(), "VI_1 is FAULT there");
  EXPECT_EQ(node.offered(), (std::vector{peer_address(3), peer_address(2)}));
  EXPECT_TRUE(node.answers.empty());
  node.hear_note(2, PairMessage::handover_refused, node.offer(), "this node is stopping");
  EXPECT_EQ(node.answers, (std::vector<Answer>{{1, false, "this node is stopping"}}));
}

TEST_F(HandoversTest, ARefusalOfTheNamedPeerIsTheAnswer) {
  pass("node2", 1);
  node.hear_note(2, PairMessage::handover_refused, node.offer(), "VI_1 is FAULT there");
  EXPECT_EQ(node.offered(), std::vector{peer_address(2)});
  EXPECT_EQ(node.answers, (std::vector<Answer>{{1, false, "VI_1 is FAULT there"}}));
}

TEST_F(HandoversTest, ASecondPassJoinsTheFirstAndBothAreAnswered) {
  pass("", 1);
  pass("", 2);
  pass("node3", 3);
  EXPECT_EQ(node.offered().size(), 1u);
  node.move_to(3);
  ASSERT_EQ(node.answers.size(), 3u);
  for (const auto& one : node.answers) EXPECT_TRUE(one.ok) << one.text;
}

TEST_F(HandoversTest, ASecondPassToAnotherPeerIsRefusedAndTheFirstGoesOn) {
  pass("node3", 1);
  pass("node2", 2);
  EXPECT_EQ(node.answers,
            (std::vector<Answer>{{2, false, "VI_1 is being passed to node3 already"}}));
  node.move_to(3);
  ASSERT_EQ(node.answers.size(), 2u);
  EXPECT_TRUE(node.answers[1].ok);
}

// Node 3 was asked and is silent; node 2 asks and takes it.
TEST_F(HandoversTest, APassThatMeetsTheRequestOfAnotherNodeIsAnsweredWithWhatHappened) {
  pass("", 1);
  const std::uint64_t first = node.offer();
  node.ask(2);
  EXPECT_EQ(node.offered(), (std::vector{peer_address(3), peer_address(2)}));
  EXPECT_TRUE(node.has_sent(PairMessage::handover_done, 3));
  node.move_to(2);
  node.hear_note(3, PairMessage::handover_refused, first, "VI_1 is MASTER there");
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_TRUE(node.answers[0].ok) << node.answers[0].text;
  EXPECT_TRUE(node.answers[0].text.starts_with("VI_1 passed to node2"));
}

TEST_F(HandoversTest, APassToANamedPeerIsNotTurnedAsideByARequest) {
  pass("node3", 1);
  node.ask(2);
  EXPECT_EQ(node.offered(), std::vector{peer_address(3)});
  node.move_to(3);
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_TRUE(node.answers[0].ok);
}

TEST_F(HandoversTest, AMasterThatIsOvertakenBeforeTheMoveSaysSoAndDoesNotMove) {
  pass("node2", 1);
  const std::uint64_t id = node.offer();
  node.router.hear(3, 200);
  ASSERT_EQ(node.router.instance().state(), vrrp::State::backup);
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_FALSE(node.answers[0].ok);
  EXPECT_EQ(node.answers[0].text, "VI_1 is BACKUP here meanwhile, the master is 10.0.0.3");
  EXPECT_TRUE(node.has_sent(PairMessage::handover_done, 2));
  node.hear_note(2, PairMessage::handover_ready, id);
  EXPECT_FALSE(node.has_sent(PairMessage::handover_taken, 2));
}

TEST_F(HandoversTest, AStopTakesOverAPassThatHasNotBegunToMove) {
  pass("", 1);
  node.stopping = true;
  ASSERT_TRUE(node.handovers.give_at_stop(node.routers()));
  EXPECT_EQ(node.offered(), (std::vector{peer_address(3), peer_address(3)}));
  node.move_to(3);
  EXPECT_EQ(node.router.instance().state(), vrrp::State::stopped);
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_TRUE(node.answers[0].ok);
}

TEST_F(HandoversTest, AStopWithoutAPeerAnswersThePassThatWaits) {
  node.others.clear();
  pass("", 1);
  node.stopping = true;
  EXPECT_FALSE(node.handovers.give_at_stop(node.routers()));
  EXPECT_EQ(node.answers, (std::vector<Answer>{{1, false, "this node is stopping"}}));
  node.wait(1s);
  EXPECT_EQ(node.router.instance().state(), vrrp::State::master);
}

TEST_F(HandoversTest, TheEndInTheMiddleOfAMoveLeavesNothingAndOwesNoAnswer) {
  pass("", 1);
  node.hear_note(3, PairMessage::handover_ready, node.offer());
  ASSERT_EQ(node.kept.size(), 1u);
  const std::uint64_t id = node.offer();
  node.stopping = true;
  node.handovers.end();
  EXPECT_TRUE(node.kept.empty());
  EXPECT_TRUE(node.closed);
  EXPECT_FALSE(node.handovers.is_serving());
  EXPECT_TRUE(node.has_sent(PairMessage::handover_done, 3));
  EXPECT_EQ(node.answers, (std::vector<Answer>{{1, false, "this node is stopping"}}));
  // What comes late changes nothing.
  node.hear_note(3, PairMessage::handover_ready, id);
  node.handovers.on_timer();
  EXPECT_TRUE(node.kept.empty());
  EXPECT_EQ(node.answers.size(), 1u);
}

Flow flow_of(std::uint8_t client) {
  return {{net::IpAddress::ipv4(192, 0, 2, client), 4000}, {virtual_address, 443}};
}

// Node 2 has given to this one, which gives to node 3.
class SecondMove : public testing::Test {
 protected:
  void SetUp() override {
    node.add_peer(2);
    node.add_peer(3);
    HandoverScope scope{5, {"VI_1"}, {virtual_address}, {net::IpAddress::ipv4(10, 0, 0, 2)}};
    node.handovers.on_message(PairMessage::handover_offer, node.peer(2), encode_offer(scope));
    node.do_work();
    node.hear_note(2, PairMessage::handover_taken, 5);
    ASSERT_EQ(node.router.instance().state(), vrrp::State::master);
  }
  void list(bool last, std::vector<Flow> flows) {
    node.handovers.on_message(PairMessage::handover_flows, node.peer(2),
                              encode_flows({5, last, std::move(flows)}));
    node.do_work();
  }
  void give() {
    node.handovers.pass(node.routers(), "node3", 1);
    node.move_to(3);
  }
  // What node 3 was told, and whether that was all.
  std::pair<std::vector<Flow>, bool> told() {
    std::pair<std::vector<Flow>, bool> all;
    for (const auto& one : node.sent) {
      if (one.type != PairMessage::handover_flows) continue;
      const auto list = decode_flows(one.body);
      all.first.insert(all.first.end(), list->flows.begin(), list->flows.end());
      all.second |= list->last;
    }
    return all;
  }
  TestNode node{1};
};

TEST_F(SecondMove, TellsTheThirdNodeOfConnectionsThatTheFirstServesAndStaysForThem) {
  list(true, {flow_of(1), flow_of(2)});
  give();
  node.wait(3s);
  const auto [flows, all] = told();
  EXPECT_EQ(flows.size(), 2u);
  EXPECT_TRUE(all);
  EXPECT_TRUE(node.handovers.is_serving());
  // The first one has no more.
  node.hear_note(2, PairMessage::handover_done, 5);
  node.wait(5s);
  EXPECT_FALSE(node.handovers.is_serving());
  EXPECT_TRUE(node.has_sent(PairMessage::handover_done, 3));
}

TEST_F(SecondMove, TheLastListWaitsForTheLastListOfTheFirst) {
  give();
  node.wait(3s);
  EXPECT_FALSE(told().second);
  list(true, {flow_of(1)});
  node.wait(100ms);
  const auto [flows, all] = told();
  EXPECT_EQ(flows, std::vector{flow_of(1)});
  EXPECT_TRUE(all);
}

}  // namespace
}  // namespace baton::failover
