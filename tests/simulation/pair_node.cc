// What a desk wants done, in a world.

#include "simulation/pair_node.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/node.h"

namespace baton::simulation {

namespace {

net::IpAddress pair_address(std::size_t host) {
  return net::IpAddress::ipv4(10, 8, 0, static_cast<std::uint8_t>(host + 1));
}

}  // namespace

PairNode::PairNode(Surroundings& around, Host& host, std::uint64_t run)
    : HandoverDesk((host.index() + 1) << 48 | run << 16), around_(around), host_(host) {
  configure(around.plan.handover_timeout);
}

Instant PairNode::now() {
  return host_.clock().local(around_.now);
}

void PairNode::wake_at(Instant at) {
  wake_at_ = around_.mutant && !around_.mutant->watches_handovers() ? never : at;
}

void PairNode::timer() {
  wake_at_ = never;
  on_timer();
}

void PairNode::write_log(LogLevel, const std::string& line) {
  if (around_.chronicle) around_.tell(fmt::format("host {}  {}", host_.index(), line));
}

HandoverDesk::Faces PairNode::faces() const {
  return host_.faces();
}

void PairNode::tell(const Faces& routers, const vrrp::Event& event) {
  host_.tell(routers, event);
}

HandoverPeer PairNode::peer(std::size_t host) const {
  HandoverPeer peer;
  peer.address = pair_address(host);
  peer.name = fmt::format("host {}", host);
  peer.run = around_.hosts[host].run();
  peer.is_up = around_.pairs->is_up(host_.index(), host);
  if (!peer.is_up) peer.problem = "it is down";
  return peer;
}

std::vector<HandoverPeer> PairNode::peers() const {
  std::vector<HandoverPeer> all;
  for (std::size_t other = 0; other < around_.plan.hosts; ++other) {
    if (other != host_.index()) all.push_back(peer(other));
  }
  return all;
}

void PairNode::send(const net::IpAddress& address, failover::PairMessage type,
                    const std::string& body) {
  for (std::size_t other = 0; other < around_.plan.hosts; ++other) {
    if (address == pair_address(other)) around_.pairs->send(host_.index(), other, type, body);
  }
}

void PairNode::hear(std::size_t from, failover::PairMessage type, const std::string& body) {
  if (type == failover::PairMessage::pass_request) ++around_.tally.pass_requests;
  if (type == failover::PairMessage::handover_refused) ++around_.tally.refusals;
  on_message(type, peer(from), body);
}

void PairNode::link_changed(std::size_t other) {
  on_link_change(peer(other));
}

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

Status PairNode::visit_flows(const std::vector<net::IpAddress>& addresses,
                             const FlowVisitor& visit) {
  if (around_.mutant && !around_.mutant->lists_flows()) return {};
  for (const auto& one : host_.connections()) {
    if (one.ends <= around_.now) continue;
    if (std::ranges::find(addresses, one.flow.local.address) == addresses.end()) continue;
    visit(one.flow, false);
  }
  return {};
}

void PairNode::pass_ended(std::uint64_t ticket, bool ok, const std::string& text) {
  if (around_.mutant) around_.mutant->answers(ok);
  if (around_.chronicle) {
    around_.tell(fmt::format("host {}  the operator is told: {} ({})", host_.index(), text,
                             ok ? "passed" : "not passed"));
  }
  around_.watcher->pass_answered(host_, ticket, ok);
}

bool PairNode::is_stopping() const {
  return host_.stopping();
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

bool PairNode::is_giving() const {
  return is_serving();
}

failover::HandoverGiver::State PairNode::giver_state() const {
  using State = failover::HandoverGiver::State;
  for (const auto& one : given()) {
    if (one->machine.state() != State::over) return one->machine.state();
  }
  return State::idle;
}

}  // namespace baton::simulation
