// What a host does beside VRRP: reports on the second heartbeat path, questions to a witness, links
// that receive, and what comes to its handovers and its fast detection.

#include "base/assert.h"
#include "simulation/node.h"

namespace baton::simulation {

namespace {

// Reports that may be under way; more are never.
constexpr std::size_t reports_max = 4096;

}  // namespace

void Face::obey(const vrrp::Event& command) {
  const Instant before = router_.instance.deadline();
  host_.handle(router_, command);
  const bool is_loss = std::holds_alternative<vrrp::event::MasterLost>(command);
  if (is_loss && router_.instance.deadline() != before) {
    host_.around_.watcher->master_lost(host_, router_.index);
  }
}

void Face::review() {
  held_.clear();
  for (const auto& address : router_.instance.settings().addresses) {
    failover::HeldAddress held;
    held.prefix = {address, static_cast<std::uint8_t>(address.is_ipv4() ? 24 : 64)};
    held.device = router_.link == 0 ? "eth0" : "eth1";
    held_.push_back(held);
  }
}

// -- the second path --

void Host::send_report(VirtualRouter& router) {
  vrrp::PeerReport report = router.instance.make_report(clock_.local(around_.now));
  report.run = (index_ + 1) << 32 | run_;
  report.sequence = ++last_sequence_;
  const auto read = vrrp::parse_heartbeat(vrrp::encode_heartbeat(report));
  BATON_ASSERT(read.has_value());
  if (around_.reports.size() < reports_max) around_.reports.resize(reports_max);
  Item item;
  item.kind = Item::Kind::report;
  item.router = static_cast<std::uint8_t>(router.index);
  item.number = ++around_.last_report % reports_max;
  around_.reports[item.number] = *read;
  for (std::size_t to = 0; to < around_.plan.hosts; ++to) {
    if (to == index_) continue;
    ++around_.tally.reports;
    item.host = static_cast<std::uint8_t>(to);
    around_.network.carry(item, Network::second_path, index_, to, around_.now);
  }
}

// A process that sleeps finds reports when it wakes; they are old, and the next ones say the same.
void Host::hear_report(std::uint32_t number) {
  if (!running_ || !awake()) return;
  const vrrp::PeerReport report = around_.reports[number];
  for (auto& router : routers_) {
    if (router.instance.settings().virtual_router_id != report.virtual_router_id) continue;
    handle(router, vrrp::event::PeerReported{&report});
  }
}

// -- the witness --

void Host::ask_witness(VirtualRouter& router) {
  constexpr Duration round_trip = 2ms;
  const bool reachable = around_.witness_dark[index_] == 0;
  ++around_.tally.questions;
  Item item;
  item.kind = Item::Kind::witness;
  item.at =
      around_.now + (reachable ? round_trip : router.instance.settings().takeover.witness_timeout);
  item.host = static_cast<std::uint8_t>(index_);
  item.router = static_cast<std::uint8_t>(router.index);
  item.number = ++questions_[router.index];
  item.part = reachable ? 1 : 0;
  around_.agenda.add(item);
}

void Host::hear_witness(std::size_t router, std::uint32_t question, bool reachable) {
  if (!running_ || questions_[router] != question) return;
  if (!awake()) {
    // Read when it is back; by then it was too late.
    Item item;
    item.kind = Item::Kind::witness;
    item.at = around_.now + sample_interval;
    item.host = static_cast<std::uint8_t>(index_);
    item.router = static_cast<std::uint8_t>(router);
    item.number = question;
    around_.agenda.add(item);
    return;
  }
  handle(routers_[router], vrrp::event::WitnessReported{reachable, "the witness"});
}

// -- links that receive --

// Neighbours that live answer: the gateway, and the other hosts.
void Host::solicit(VirtualRouter& router) {
  for (std::size_t other = 0; other <= around_.network.neighbour(); ++other) {
    if (other == index_) continue;
    const bool lives = other == around_.network.neighbour() || !around_.hosts[other].frozen();
    if (lives && around_.network.reaches(router.link, index_, other) &&
        around_.network.reaches(router.link, other, index_)) {
      ++frames[router.link];
    }
  }
}

void Host::watch_link(Duration in) {
  Item item;
  item.kind = Item::Kind::link;
  item.at = around_.now + in;
  item.host = static_cast<std::uint8_t>(index_);
  item.number = run_;
  around_.agenda.add(item);
}

// Where there is a gateway there are frames.
void Host::sample_links(std::uint32_t run) {
  if (!running_ || run != run_) return;
  watch_link(sample_interval);
  if (!awake()) return;
  for (std::size_t link = 0; link < around_.plan.links; ++link) {
    if (around_.network.reaches(link, around_.network.neighbour(), index_)) ++frames[link];
    if (frames[link] == frames_seen_[link]) continue;
    frames_seen_[link] = frames[link];
    for (auto& router : routers_) {
      if (router.link == link) handle(router, vrrp::event::LinkReceived{});
    }
  }
}

// -- BFD and the pair link --

void Host::hear_bfd(std::size_t from, const std::vector<std::uint8_t>& bytes) {
  if (running_ && bfd_) bfd_->hear(from, bytes);
}

void Host::hear_pair(std::size_t from, failover::PairMessage type, const std::string& body) {
  if (pair_) pair_->hear(from, type, body);
}

void Host::pair_changed(std::size_t peer) {
  if (pair_) pair_->link_changed(peer);
}

}  // namespace baton::simulation
