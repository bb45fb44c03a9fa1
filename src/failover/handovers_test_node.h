// A node for tests of Handovers: its virtual router is a real machine, the kernel and the other
// nodes are made up. Messages of the others are delivered by hand.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "failover/handover_messages.h"
#include "failover/handovers.h"

namespace baton::failover {

inline const net::IpAddress virtual_address = net::IpAddress::ipv4(10, 0, 0, 100);

inline net::IpAddress peer_address(int node) {
  return net::IpAddress::ipv4(10, 8, 0, static_cast<std::uint8_t>(node));
}

// A virtual router of node `node`.
class TestRouter final : public RouterFace {
 public:
  TestRouter(int node, const Instant& now, std::uint8_t id = 1)
      : instance_(settings(id)), now_(now) {
    HeldAddress held;
    held.prefix = {address(id), 24};
    held.device = "eth0";
    held_.push_back(held);
    obey(vrrp::event::Start{});
    obey(vrrp::event::SourceChanged{
        net::IpAddress::ipv4(10, 0, 0, static_cast<std::uint8_t>(node))});
  }
  static net::IpAddress address(std::uint8_t id) {
    return net::IpAddress::ipv4(10, 0, 0, static_cast<std::uint8_t>(99 + id));
  }
  static vrrp::Settings settings(std::uint8_t id) {
    vrrp::Settings settings;
    settings.name = "VI_" + std::to_string(id);
    settings.virtual_router_id = id;
    settings.addresses = {address(id)};
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
    router.after = [this] {
      handovers.expect_stragglers(router);
      handovers.review();
    };
  }

  [[nodiscard]] Instant now() override { return time; }
  void wake_at(Instant at) override { wake = at; }
  void work(Job job) override { jobs.push_back(std::move(job)); }
  [[nodiscard]] Faces routers() const override {
    Faces all{const_cast<TestRouter*>(&router)};
    for (const auto& one : more) all.push_back(one.get());
    return all;
  }
  void tell(const Faces& routers, const vrrp::Event& event) override {
    for (RouterFace* one : routers) one->obey(event);
  }
  [[nodiscard]] bool is_stopping() const override { return stopping; }
  [[nodiscard]] bool has_link() const override { return !others.empty(); }
  [[nodiscard]] std::vector<HandoverPeer> peers() const override { return others; }
  [[nodiscard]] unsigned priority_of(const HandoverPeer& peer,
                                     const std::vector<std::string>& instances) const override {
    unsigned sum = 0;
    for (const auto& instance : instances) {
      const auto own = priorities.find(peer.name + " " + instance);
      const auto any = own == priorities.end() ? priorities.find(peer.name) : own;
      sum += any == priorities.end() ? 0 : any->second;
    }
    return sum;
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
  // Another virtual router of this node, VI_2 the first, master.
  void add_router() {
    const auto id = static_cast<std::uint8_t>(more.size() + 2);
    more.push_back(std::make_unique<TestRouter>(1, time, id));
    more.back()->after = router.after;
    more.back()->become_master();
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
  void move_to(int successor) { move_to(successor, offer(), router); }
  void move_to(int successor, std::uint64_t id, TestRouter& moving) {
    hear_note(successor, PairMessage::handover_ready, id);
    ASSERT_TRUE(moving.instance().is_yielding());
    moving.hear(successor, 90);
    time += 100ms;
    moving.obey(vrrp::event::TimerDue{});
    do_work();
  }
  // The instances of the offers that went to this one, and their numbers.
  [[nodiscard]] std::map<std::string, std::uint64_t> offers_to(int number) const {
    std::map<std::string, std::uint64_t> all;
    for (const auto& one : sent) {
      if (one.type != PairMessage::handover_offer || one.to != peer_address(number)) continue;
      const auto scope = decode_offer(one.body);
      all[fmt::format("{}", fmt::join(scope->instances, " "))] = scope->id;
    }
    return all;
  }

  Instant time{std::chrono::hours(1)};
  Instant wake = never;
  std::deque<Job> jobs;
  std::vector<HandoverPeer> others;
  std::map<std::string, unsigned> priorities;  // of a node, or of "node instance"
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
  std::vector<std::unique_ptr<TestRouter>> more;
  Handovers handovers;
};

}  // namespace baton::failover
