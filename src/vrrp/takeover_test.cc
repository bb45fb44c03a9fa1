// The guard alone, and two machines with a second path between them.

#include "vrrp/takeover.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "vrrp/instance.h"

namespace baton::vrrp {
namespace {

using Obstacle = TakeoverGuard::Obstacle;

const auto vip = net::IpAddress::ipv4(10, 9, 0, 100);

net::IpAddress host(std::uint8_t last) {
  return net::IpAddress::ipv4(10, 9, 0, last);
}

PeerReport master_report(std::uint64_t sequence) {
  PeerReport report;
  report.virtual_router_id = 51;
  report.state = State::master;
  report.effective_priority = 100;
  report.heartbeat_interval = 50ms;
  report.source = host(1);
  report.run = 7;
  report.sequence = sequence;
  report.sees = true;
  return report;
}

TakeoverRules rules(bool second_path, bool witness, Duration link_wait = 0s) {
  TakeoverRules made;
  made.second_path = second_path;
  made.witness = witness;
  made.link_wait = link_wait;
  return made;
}

TEST(TakeoverGuard, LetsEverythingPassWithoutRules) {
  TakeoverGuard guard{TakeoverRules{}};
  guard.begin(Instant{});
  EXPECT_EQ(guard.judge(false, Instant{} + 4s).obstacle, Obstacle::none);
}

TEST(TakeoverGuard, AMasterOfTheSecondPathLivesUntilItsReportsStop) {
  TakeoverGuard guard{rules(true, false)};
  ASSERT_TRUE(guard.note_report(master_report(1), Instant{} + 4s));
  const auto held = guard.judge(false, Instant{} + 4s + 10ms);
  EXPECT_EQ(held.obstacle, Obstacle::second_path);
  EXPECT_EQ(held.again, Instant{} + 4s + 175ms);
  EXPECT_EQ(guard.judge(false, held.again).obstacle, Obstacle::none);
  // Who is heard on the first path, too, is to be preempted.
  EXPECT_EQ(guard.judge(true, Instant{} + 4s + 10ms).obstacle, Obstacle::none);
}

TEST(TakeoverGuard, OldAndRepeatedReportsAreNoLife) {
  TakeoverGuard guard{rules(true, false)};
  EXPECT_TRUE(guard.note_report(master_report(5), Instant{}));
  EXPECT_FALSE(guard.note_report(master_report(5), Instant{} + 1s));
  EXPECT_FALSE(guard.note_report(master_report(4), Instant{} + 1s));
  EXPECT_EQ(guard.master(Instant{} + 1s), nullptr);
  EXPECT_TRUE(guard.note_report(master_report(6), Instant{} + 1s));
  EXPECT_NE(guard.master(Instant{} + 1s), nullptr);
}

TEST(TakeoverGuard, WhoGivesUpIsNoMaster) {
  TakeoverGuard guard{rules(true, false)};
  PeerReport report = master_report(1);
  report.gives_up = true;
  guard.note_report(report, Instant{});
  EXPECT_EQ(guard.judge(false, Instant{} + 1ms).obstacle, Obstacle::none);
}

TEST(TakeoverGuard, ManyRunsOfForgersAreBounded) {
  TakeoverGuard guard{rules(true, false)};
  for (std::uint64_t run = 1; run < 1000; ++run) {
    PeerReport report = master_report(1);
    report.run = run;
    report.source = host(static_cast<std::uint8_t>(run));
    guard.note_report(report, Instant{});
  }
  EXPECT_LE(guard.peers().size(), TakeoverGuard::peers_max);
}

TEST(TakeoverGuard, AWitnessIsAskedOnceAndItsYesIsEnough) {
  TakeoverGuard guard{rules(false, true)};
  const auto asked = guard.judge(false, Instant{} + 4s);
  EXPECT_TRUE(asked.ask_witness);
  EXPECT_EQ(asked.again, Instant{} + 5s);
  EXPECT_FALSE(guard.judge(false, Instant{} + 4s + 10ms).ask_witness);
  guard.note_answer(true, "ping", Instant{} + 4s + 20ms);
  EXPECT_EQ(guard.judge(false, Instant{} + 4s + 20ms).obstacle, Obstacle::none);
}

TEST(TakeoverGuard, AWitnessThatIsSilentSaysNoAndIsAskedAgain) {
  TakeoverGuard guard{rules(false, true)};
  EXPECT_TRUE(guard.judge(false, Instant{} + 4s).ask_witness);
  const auto no = guard.judge(false, Instant{} + 5s);
  EXPECT_EQ(no.obstacle, Obstacle::witness);
  EXPECT_NE(no.why.find("not reachable"), std::string::npos);
  EXPECT_FALSE(no.ask_witness);
  const auto again = guard.judge(false, no.again);
  EXPECT_TRUE(again.ask_witness);
  guard.note_answer(true, "ping", no.again + 5ms);
  EXPECT_EQ(guard.judge(false, no.again + 5ms).obstacle, Obstacle::none);
}

TEST(TakeoverGuard, AnOldYesIsWorthNothing) {
  TakeoverGuard guard{rules(false, true)};
  guard.ask(Instant{});
  guard.note_answer(true, "ping", Instant{} + 1ms);
  EXPECT_TRUE(guard.judge(false, Instant{} + 10s).ask_witness);
}

TEST(TakeoverGuard, AnAnswerDoesNotSurviveAnAdvert) {
  TakeoverGuard guard{rules(false, true)};
  guard.ask(Instant{} + 4s);
  guard.note_answer(true, "ping", Instant{} + 4s);
  guard.forget_answer();
  EXPECT_TRUE(guard.judge(false, Instant{} + 4s + 1ms).ask_witness);
}

TEST(TakeoverGuard, WaitsForALinkThatReceivesButNotForEver) {
  TakeoverGuard guard{rules(false, false, 30s)};
  guard.begin(Instant{});
  EXPECT_EQ(guard.judge(false, Instant{} + 4s).obstacle, Obstacle::link);
  EXPECT_EQ(guard.judge(false, Instant{} + 30s).obstacle, Obstacle::none);
  guard.begin(Instant{} + 40s);
  EXPECT_TRUE(guard.note_link(Instant{} + 41s));
  EXPECT_EQ(guard.judge(false, Instant{} + 44s).obstacle, Obstacle::none);
}

TEST(TakeoverGuard, KnowsWhetherItSees) {
  TakeoverGuard guard{rules(true, false)};
  guard.begin(Instant{});
  EXPECT_FALSE(guard.sees(Instant{} + 1s));
  EXPECT_FALSE(guard.is_blind(Instant{} + 1s));  // too early to say
  EXPECT_TRUE(guard.is_blind(Instant{} + 4s));
  guard.note_link(Instant{} + 4s);
  EXPECT_TRUE(guard.sees(Instant{} + 5s));
  EXPECT_FALSE(guard.is_blind(Instant{} + 5s));
}

// Two machines in virtual time. Adverts go by the first path, reports by the second; each can be
// cut by itself, and a node's link can go deaf.
class TwoPaths : public ::testing::Test {
 protected:
  struct Node {
    explicit Node(const Settings& settings) : instance(settings) {}
    Instance instance;
    std::uint64_t sequence = 0;
    bool running = true;
    bool hears_others = true;  // other traffic on its first link
    std::optional<bool> witness;
    std::vector<std::string> lines;
    int questions = 0;
  };

  void start(TakeoverRules wanted, std::optional<bool> witness = std::nullopt) {
    for (const std::uint8_t priority : {100, 80}) {
      Settings settings;
      settings.name = "VI_1";
      settings.virtual_router_id = 51;
      settings.priority = priority;
      settings.addresses = {vip};
      settings.takeover = wanted;
      nodes.emplace_back(settings).witness = witness;
    }
    for (std::uint8_t i = 0; i < 2; ++i) tell(i, event::SourceChanged{host(i + 1)});
    for (std::uint8_t i = 0; i < 2; ++i) tell(i, event::Start{});
    run_for(10s);
    ASSERT_EQ(state(0), State::master);
    ASSERT_EQ(state(1), State::backup);
  }
  State state(std::size_t node) { return nodes[node].instance.state(); }
  void tell(std::size_t index, const Event& event) {
    Node& node = nodes[index];
    if (node.running) obey(index, node.instance.handle(event, now));
  }
  void obey(std::size_t index, const Actions& actions) {
    Node& node = nodes[index];
    Node& other = nodes[1 - index];
    for (const Action& single : actions) {
      if (const auto* line = std::get_if<action::LogLine>(&single)) {
        node.lines.push_back(line->text);
      } else if (const auto* send = std::get_if<action::SendAdvert>(&single); send && first_path) {
        const auto group = multicast_group(net::Family::ipv4);
        const auto message =
            build_message(node.instance.make_advert(send->priority), host(index + 1), group);
        adverts.emplace_back(1 - index, build_ipv4_packet(message, host(index + 1), group, 1));
      } else if (std::holds_alternative<action::SendReport>(single) && second_path) {
        auto report = node.instance.make_report(now);
        report.run = index + 1;
        report.sequence = ++node.sequence;
        const auto parsed = parse_heartbeat(encode_heartbeat(report));
        ASSERT_TRUE(parsed);
        if (other.running) reports.emplace_back(1 - index, *parsed);
      } else if (std::holds_alternative<action::AskWitness>(single)) {
        ++node.questions;
        if (node.witness) answers.emplace_back(index, *node.witness);
      }
    }
  }
  void run_for(Duration length) {
    const Instant end = now + length;
    for (; now < end; now += 1ms) {
      deliver();
      for (std::size_t i = 0; i < 2; ++i) {
        if (nodes[i].running && nodes[i].instance.deadline() <= now) tell(i, event::TimerDue{});
        if (nodes[i].hears_others && to_ms(now.time_since_epoch()) % 200 == 0) {
          tell(i, event::LinkReceived{});
        }
      }
      if (nodes.size() == 2 && state(0) == State::master && state(1) == State::master) ++both_ms;
    }
  }
  void deliver() {
    for (const auto& [to, bytes] : std::exchange(adverts, {})) {
      const ParsedAdvert parsed = parse_ipv4_packet(bytes);
      tell(to, event::AdvertReceived{&parsed});
    }
    for (const auto& [to, report] : std::exchange(reports, {})) {
      tell(to, event::PeerReported{&report});
    }
    for (const auto& [to, yes] : std::exchange(answers, {})) {
      tell(to, event::WitnessReported{yes, "ping 10.9.0.254"});
    }
  }
  bool logged(std::size_t node, std::string_view text) const { return count(node, text) > 0; }
  std::size_t count(std::size_t node, std::string_view text) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        nodes[node].lines, [&](const std::string& line) { return line.contains(text); }));
  }

  Instant now{};
  std::vector<Node> nodes;
  bool first_path = true;
  bool second_path = true;
  int both_ms = 0;
  std::vector<std::pair<std::size_t, std::vector<std::uint8_t>>> adverts;
  std::vector<std::pair<std::size_t, PeerReport>> reports;
  std::vector<std::pair<std::size_t, bool>> answers;
};

TEST_F(TwoPaths, ACutFirstPathMakesNoSecondMaster) {
  start(rules(true, false));
  first_path = false;
  run_for(60s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(state(1), State::backup);
  EXPECT_EQ(both_ms, 0);
  EXPECT_EQ(count(1, "only the first path is cut"), 1u);
  EXPECT_EQ(count(0, "does not hear our adverts"), 1u);
  EXPECT_FALSE(nodes[1].instance.held_back().empty());
  first_path = true;
  run_for(5s);
  EXPECT_TRUE(nodes[1].instance.held_back().empty());
  EXPECT_EQ(state(1), State::backup);
}

// A third node without a second path has become master of those who do not hear the first one.
TEST_F(TwoPaths, NobodyPreemptsASecondMasterWhileTheSecondPathKnowsTheFirst) {
  start(rules(true, false));
  first_path = false;
  const auto hear_the_third = [&](Duration length) {
    const auto group = multicast_group(net::Family::ipv4);
    const auto message = build_message(nodes[1].instance.make_advert(50), host(3), group);
    for (const Instant end = now + length; now < end;) {
      adverts.emplace_back(1, build_ipv4_packet(message, host(3), group, 1));
      run_for(1s);
    }
  };
  run_for(5s);
  hear_the_third(30s);
  EXPECT_EQ(state(1), State::backup);
  EXPECT_EQ(both_ms, 0);
  // Without the first one it is an ordinary preemption.
  nodes[0].running = false;
  hear_the_third(10s);
  EXPECT_EQ(state(1), State::master);
}

TEST_F(TwoPaths, AMasterThatIsGoneOnBothPathsIsReplacedInTime) {
  start(rules(true, false));
  nodes[0].running = false;
  const Instant crash = now;
  while (state(1) != State::master && now - crash < 10s) run_for(1ms);
  EXPECT_LT(now - crash, 3900ms);
}

TEST_F(TwoPaths, AMasterThatDiesBehindACutFirstPathIsReplacedAtOnce) {
  start(rules(true, false));
  first_path = false;
  run_for(20s);
  nodes[0].running = false;
  run_for(250ms);
  EXPECT_EQ(state(1), State::master);
}

TEST_F(TwoPaths, AMasterThatHasLostTheClientsGivesUpForOneThatHasNot) {
  start(rules(true, false));
  first_path = false;
  nodes[0].hears_others = false;
  run_for(10s);
  EXPECT_EQ(state(0), State::backup);
  EXPECT_EQ(state(1), State::master);
  EXPECT_EQ(both_ms, 0);
  EXPECT_TRUE(logged(0, "our link receives nothing"));
  // It comes back by the ordinary rules when its link does.
  first_path = nodes[0].hears_others = true;
  run_for(10s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(state(1), State::backup);
}

TEST_F(TwoPaths, WhenBothSeeNothingTheMasterStays) {
  start(rules(true, false));
  first_path = nodes[0].hears_others = nodes[1].hears_others = false;
  run_for(20s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(state(1), State::backup);
}

TEST_F(TwoPaths, TwoMastersBecomeOneWhenTheSecondPathComesBack) {
  start(rules(true, false));
  first_path = second_path = false;
  run_for(10s);
  ASSERT_EQ(state(0), State::master);
  ASSERT_EQ(state(1), State::master);
  second_path = true;
  run_for(1s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(state(1), State::backup);
}

TEST_F(TwoPaths, AFaultIsToldOnTheSecondPathToo) {
  auto wanted = rules(true, false);
  start(wanted);
  first_path = false;
  tell(0, event::SourceChanged{std::nullopt});
  ASSERT_EQ(state(0), State::fault);
  run_for(800ms);  // the skew of priority 80 is 0.69 s
  EXPECT_EQ(state(1), State::master);
}

TEST_F(TwoPaths, AWitnessThatAnswersCostsNoTime) {
  start(rules(false, true), true);
  const Instant crash = now;
  const int asked = nodes[1].questions;
  nodes[0].running = false;
  while (state(1) != State::master && now - crash < 10s) run_for(1ms);
  EXPECT_LT(now - crash, 3750ms);
  EXPECT_EQ(nodes[1].questions, asked + 1);
}

TEST_F(TwoPaths, WhoDoesNotReachItsWitnessDoesNotTakeOver) {
  start(rules(false, true), true);
  nodes[1].witness = false;
  first_path = false;
  run_for(20s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(state(1), State::backup);
  EXPECT_EQ(count(1, "the witness is not reachable"), 1u);
  // As soon as it does, it may: nobody is heard.
  nodes[0].running = false;
  nodes[1].witness = true;
  run_for(1100ms);
  EXPECT_EQ(state(1), State::master);
}

TEST_F(TwoPaths, AWitnessThatNeverAnswersIsAsGoodAsNone) {
  start(rules(false, true), true);
  nodes[1].witness.reset();
  nodes[0].running = false;
  run_for(20s);
  EXPECT_EQ(state(1), State::backup);
  EXPECT_GT(nodes[1].questions, 3);
}

TEST_F(TwoPaths, APlannedHandoverAsksNobody) {
  start(rules(false, true), true);
  nodes[1].witness = false;
  const int asked = nodes[1].questions;
  tell(0, event::Stop{});
  run_for(900ms);
  EXPECT_EQ(state(1), State::master);
  EXPECT_EQ(nodes[1].questions, asked);
}

// The report of the one that passes arrives between the word to take over and the deed.
// The witness of this one may be gone alone: the master that is there reaches its own.
TEST(AfterAGoodbye, WhoComesSecondAsksTheWitnessBeforeItPreempts) {
  Settings settings;
  settings.name = "VI_1";
  settings.virtual_router_id = 51;
  settings.addresses = {vip};
  settings.takeover = rules(false, true);
  Instance instance(settings);
  Instant now = Instant{} + 1h;
  const auto hear = [&](std::uint8_t last, std::uint8_t priority) {
    ParsedAdvert parsed;
    parsed.advert = instance.make_advert(priority);
    parsed.envelope.source = host(last);
    parsed.envelope.destination = multicast_group(net::Family::ipv4);
    parsed.envelope.ttl = 255;
    parsed.address_count = 1;
    instance.handle(event::AdvertReceived{&parsed}, now);
  };
  instance.handle(event::SourceChanged{host(1)}, now);
  instance.handle(event::Start{}, now);
  hear(2, 120);
  hear(2, 0);
  now += 10ms;
  hear(3, 80);
  now = instance.deadline();
  const auto actions = instance.handle(event::TimerDue{}, now);
  EXPECT_EQ(instance.state(), State::backup);
  EXPECT_TRUE(std::ranges::any_of(
      actions, [](const auto& one) { return std::holds_alternative<action::AskWitness>(one); }));
}

TEST_F(TwoPaths, WhoWasToldToTakeOverDoesSoWhateverTheSecondPathSays) {
  start(rules(true, false));
  for (const std::size_t giver : {0, 1}) {
    const std::size_t taker = 1 - giver;
    tell(giver, event::Pass{.successor_told = true});
    tell(taker, event::TakeOver{.from = "lb"});
    run_for(3ms);
    EXPECT_EQ(state(taker), State::master) << taker;
    EXPECT_EQ(nodes[taker].instance.reason(), "passed on by lb");
    run_for(5s);
    EXPECT_EQ(state(taker), State::master) << taker;
    EXPECT_EQ(state(giver), State::backup) << giver;
  }
}

TEST_F(TwoPaths, TheMasterThatDoesNotReachItsWitnessGivesUpForTheBackupThatDoes) {
  start(rules(true, true), true);
  first_path = false;
  nodes[0].witness = false;
  run_for(10s);
  EXPECT_EQ(state(0), State::backup);
  EXPECT_EQ(state(1), State::master);
  EXPECT_EQ(both_ms, 0);
}

TEST_F(TwoPaths, ALinkThatReceivesNothingDelaysTheFirstTakeoverOnly) {
  Settings settings;
  settings.name = "VI_1";
  settings.virtual_router_id = 51;
  settings.addresses = {vip};
  settings.takeover = rules(false, false, 30s);
  for (int i = 0; i < 2; ++i) {
    nodes.emplace_back(settings);
    nodes.back().hears_others = false;
  }
  nodes[1].running = false;
  tell(0, event::SourceChanged{host(1)});
  tell(0, event::Start{});
  run_for(20s);
  EXPECT_EQ(state(0), State::backup);
  tell(0, event::LinkReceived{});
  run_for(3s);
  EXPECT_EQ(state(0), State::backup);  // whoever is master has its time to be heard
  run_for(1s);
  EXPECT_EQ(state(0), State::master);
}

}  // namespace
}  // namespace baton::vrrp
