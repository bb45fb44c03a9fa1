// What handovers want done, in a world.

#include "simulation/pair_node.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/node.h"

namespace baton::simulation {

namespace {

net::IpAddress pair_address(std::size_t host) {
  return net::IpAddress::ipv4(10, 8, 0, static_cast<std::uint8_t>(host + 1));
}

// A host's connections with some addresses, two at a time: what ends or begins meanwhile may be
// missed, as with the kernel's.
class HostFlows final : public failover::FlowListing {
 public:
  HostFlows(const Surroundings& around, const Host& host, std::vector<net::IpAddress> addresses)
      : around_(around), host_(host), addresses_(std::move(addresses)) {}

  Result<bool> read_some(const Visitor& visit) override {
    constexpr std::size_t at_once = 2;
    const auto& all = host_.connections();
    for (const std::size_t end = next_ + at_once; next_ < end && next_ < all.size(); ++next_) {
      const Connection& one = all[next_];
      if (one.ends <= around_.now) continue;
      if (std::ranges::find(addresses_, one.flow.local.address) == addresses_.end()) continue;
      visit({one.flow});
    }
    return next_ < all.size();
  }

 private:
  const Surroundings& around_;
  const Host& host_;
  std::vector<net::IpAddress> addresses_;
  std::size_t next_ = 0;
};

class NoFlows final : public failover::FlowListing {
 public:
  Result<bool> read_some(const Visitor&) override { return false; }
};

}  // namespace

void PairNode::Chronicle::write(LogLevel, std::string_view line) {
  around_.tell(fmt::format("host {}  {}", host_, line));
}

bool PairNode::Chronicle::enabled(LogLevel) const {
  return around_.chronicle != nullptr;
}

PairNode::PairNode(Surroundings& around, Host& host, std::uint64_t run)
    : around_(around),
      host_(host),
      log_(around, host.index()),
      random_(around.plan.seed ^ host.index() << 40 ^ run << 20),
      handovers_(*this, log_, recorder_, (host.index() + 1) << 48 | run << 16) {
  handovers_.configure(around_.plan.handover_timeout);
}

Instant PairNode::now() {
  return host_.clock().local(around_.now);
}

void PairNode::wake_at(Instant at) {
  wake_at_ = around_.mutant && !around_.mutant->watches_handovers() ? never : at;
}

void PairNode::timer() {
  if (work_at_ <= wake_at_) return do_piece();
  wake_at_ = never;
  handovers_.on_timer();
}

// -- pieces of work --

void PairNode::work(Job job) {
  jobs_.push_back(std::move(job));
  if (work_at_ == never) plan_piece();
}

// The real one is as busy as its machine.
void PairNode::plan_piece() {
  work_at_ = now() + std::chrono::microseconds(20 + random_.below(1500));
}

void PairNode::do_piece() {
  work_at_ = never;
  if (jobs_.empty()) return;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  if (job()) jobs_.push_back(std::move(job));
  if (!jobs_.empty() && work_at_ == never) plan_piece();
}

void PairNode::close() {
  jobs_.clear();
  wake_at_ = work_at_ = never;
  filter_.clear();
}

// -- the node and the link --

failover::HandoverWorld::Faces PairNode::routers() const {
  return host_.faces();
}

void PairNode::tell(const Faces& routers, const vrrp::Event& event) {
  host_.tell(routers, event);
}

bool PairNode::is_stopping() const {
  return host_.stopping();
}

failover::HandoverPeer PairNode::peer(std::size_t host) const {
  failover::HandoverPeer peer;
  peer.address = pair_address(host);
  peer.name = fmt::format("host {}", host);
  peer.run = around_.hosts[host].run();
  peer.is_up = around_.pairs->is_up(host_.index(), host);
  if (!peer.is_up) peer.problem = "it is down";
  return peer;
}

std::vector<failover::HandoverPeer> PairNode::peers() const {
  std::vector<failover::HandoverPeer> all;
  for (std::size_t other = 0; other < around_.plan.hosts; ++other) {
    if (other != host_.index()) all.push_back(peer(other));
  }
  return all;
}

unsigned PairNode::priority_of(const failover::HandoverPeer& peer,
                               const std::vector<std::string>& instances) const {
  unsigned sum = 0;
  for (const Host& host : around_.hosts) {
    if (pair_address(host.index()) != peer.address) continue;
    for (const auto& router : host.routers()) {
      const auto& settings = router.truth.settings;
      if (std::ranges::find(instances, settings.name) != instances.end()) sum += settings.priority;
    }
  }
  return sum;
}

Status PairNode::send(const net::IpAddress& address, failover::PairMessage type,
                      const std::string& body) {
  for (std::size_t other = 0; other < around_.plan.hosts; ++other) {
    if (address != pair_address(other)) continue;
    if (!around_.pairs->is_up(host_.index(), other)) break;
    around_.pairs->send(host_.index(), other, type, body);
    return {};
  }
  return fail(ErrorKind::unavailable, "no link");
}

void PairNode::hear(std::size_t from, failover::PairMessage type, const std::string& body) {
  if (type == failover::PairMessage::pass_request) ++around_.tally.pass_requests;
  if (type == failover::PairMessage::handover_refused) ++around_.tally.refusals;
  handovers_.on_message(type, peer(from), body);
}

void PairNode::link_changed(std::size_t other) {
  handovers_.on_link_change(peer(other));
}

// -- the kernel --

void PairNode::keep(const std::string& name, const std::vector<failover::HeldAddress>& addresses) {
  ++around_.tally.handovers;
  auto& kept = kept_[name];
  for (const auto& one : addresses) kept.push_back(one.prefix.address);
}

void PairNode::unkeep(const std::string& name) {
  if (around_.mutant && !around_.mutant->cleans_up()) return;
  kept_.erase(name);
}

Status PairNode::filter(const std::string& commands, const char*) {
  if (commands.empty()) return {};
  if (host_.filter_refuses > 0) return fail(ErrorKind::unavailable, "a kernel that refuses");
  std::string text = commands;
  if (around_.mutant) around_.mutant->filters(text);
  if (filter_.run(text)) return {};
  // Without a kernel that refuses, what is asked for can be done.
  around_.watcher->filter_failed(host_, commands);
  return fail(ErrorKind::malformed, "no such set, chain or table");
}

Result<std::unique_ptr<failover::FlowListing>> PairNode::list_flows(
    const std::vector<net::IpAddress>& addresses) {
  if (around_.mutant && !around_.mutant->lists_flows()) return std::make_unique<NoFlows>();
  return std::make_unique<HostFlows>(around_, host_, addresses);
}

void PairNode::pass_ended(std::uint64_t ticket, bool ok, const std::string& text) {
  if (around_.mutant) around_.mutant->answers(ok);
  if (around_.chronicle) {
    around_.tell(fmt::format("host {}  the operator is told: {} ({})", host_.index(), text,
                             ok ? "passed" : "not passed"));
  }
  around_.watcher->pass_answered(host_, ticket, ok);
}

void PairNode::lose_grip() {
  kept_until_ = around_.now + Host::address_lifetime;
}

void PairNode::renew() {
  kept_until_ = never;
}

bool PairNode::answers_for(const net::IpAddress& address) const {
  if (around_.now >= kept_until_) return false;
  return std::ranges::any_of(kept_, [&address](const auto& entry) {
    return std::ranges::find(entry.second, address) != entry.second.end();
  });
}

failover::HandoverGiver::State PairNode::giver_state() const {
  using State = failover::HandoverGiver::State;
  for (const auto& one : handovers_.given()) {
    if (one->machine.state() != State::over) return one->machine.state();
  }
  return State::idle;
}

}  // namespace baton::simulation
