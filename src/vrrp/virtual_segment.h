// Machines around a segment in virtual time, for unit tests and for the simulation: adverts are
// built, carried as bytes and parsed by the shipped codec; only the network and the clock are
// made up. Everything random comes from one seed.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "vrrp/instance.h"
#include "vrrp/sync_group.h"

namespace baton::vrrp {

struct VirtualNode {
  VirtualNode(Settings settings, net::IpAddress own_address)
      : address(own_address), instance(std::move(settings)) {}

  net::IpAddress address;
  Instance instance;
  bool running = true;  // false: crashed, its machine is never called
  bool paused = false;  // SIGSTOP: packets queue up, time passes it by
  Instant paused_since{};
  std::deque<std::vector<std::uint8_t>> queued;
  std::uint16_t packet_id = 0;
  bool holds = false;           // the addresses are on its interface
  Instant holds_until = never;  // when the kernel drops them by itself
  std::uint64_t adverts_sent = 0;
  std::uint64_t frames_announced = 0;
  std::vector<std::pair<Instant, std::uint8_t>> sent;  // adverts: when, priority
  std::vector<Instant> announced;                      // bursts
  std::vector<std::string> lines;                      // of the log
  std::vector<action::Notice> notices;
  std::vector<action::Transition> transitions;
};

class VirtualSegment {
 public:
  explicit VirtualSegment(std::uint64_t seed = 1) : random_(seed) {}

  // What the network does to each packet and receiver.
  Duration delay_min = 100us;
  Duration delay_max = 300us;
  std::uint32_t loss_per_mille = 0;
  std::uint32_t duplicates_per_mille = 0;
  bool reorders = false;  // packets of one sender may overtake each other
  // Keep lines, notices and the like; off in long simulations.
  bool keep_history = true;
  // Called after everything that happened, with time standing still.
  std::function<void()> observe = [] {};

  std::size_t add(Settings settings, net::IpAddress address) {
    nodes_.emplace_back(std::move(settings), address);
    reach_.assign(nodes_.size(), std::vector<bool>(nodes_.size(), true));
    last_arrival_.assign(nodes_.size(), std::vector<Instant>(nodes_.size()));
    return nodes_.size() - 1;
  }
  [[nodiscard]] VirtualNode& node(std::size_t index) { return nodes_[index]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] Random& random() { return random_; }
  void set_reach(std::size_t from, std::size_t to, bool reaches) { reach_[from][to] = reaches; }
  void set_link(std::size_t a, std::size_t b, bool connected) {
    set_reach(a, b, connected);
    set_reach(b, a, connected);
  }

  // A host's sync group: `members` change together from now on. Members of one host are nodes of
  // their own here, without reach to each other when their links are different ones.
  void tie(std::string name, std::vector<std::size_t> members) {
    ties_.push_back({SyncGroup(std::move(name)), std::move(members), {}});
  }
  [[nodiscard]] const std::vector<action::Notice>& group_notices(std::size_t tie) const {
    return ties_[tie].notices;
  }

  void start(std::size_t index) {
    tell(index, event::SourceChanged{nodes_[index].address});
    tell(index, event::Start{});
  }
  void tell(std::size_t index, const Event& event) {
    VirtualNode& node = nodes_[index];
    if (!node.running) return;
    apply(index, node.instance.handle(event, now_));
    observe();
  }
  // As if the process were gone: nothing is sent, the kernel drops the addresses.
  void crash(std::size_t index) {
    VirtualNode& node = nodes_[index];
    node.running = false;
    node.paused = false;
    node.queued.clear();
    if (node.holds) node.holds_until = now_ + address_lifetime;
  }
  void restart(std::size_t index, Settings settings) {
    VirtualNode& node = nodes_[index];
    node.instance = Instance(std::move(settings));
    node.running = true;
    node.holds = false;  // leftovers are removed at start
    node.holds_until = never;
    start(index);
  }
  void pause(std::size_t index) {
    VirtualNode& node = nodes_[index];
    node.paused = true;
    node.paused_since = now_;
    if (node.holds) node.holds_until = now_ + address_lifetime;
  }
  // Goes on as the real process does: it notices, reads what waits, then looks at its timers.
  void resume(std::size_t index) {
    VirtualNode& node = nodes_[index];
    node.paused = false;
    node.holds_until = never;
    tell(index, event::Slept{now_ - node.paused_since});
    while (!node.queued.empty()) {
      const auto bytes = std::move(node.queued.front());
      node.queued.pop_front();
      deliver(index, bytes);
    }
    node.holds = node.instance.holds_addresses();  // the renewal puts back what the kernel dropped
    observe();
  }
  // Bytes from nowhere, as a hostile neighbour sends them.
  void inject(std::size_t to, const std::vector<std::uint8_t>& bytes) {
    if (nodes_[to].running) deliver(to, bytes);
  }

  void run_for(Duration duration) {
    const Instant end = now_ + duration;
    while (step(end)) {
    }
    now_ = end;
    observe();
  }
  // Does the next thing that is due until `end`; false when there is none.
  bool step(Instant end) {
    Instant next = packets_.empty() ? never : packets_.top().at;
    std::size_t due = nodes_.size();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const VirtualNode& node = nodes_[i];
      const Instant deadline = node.running && !node.paused ? node.instance.deadline() : never;
      const Instant wanted = std::min(deadline, node.holds_until);
      if (wanted < next) {
        next = wanted;
        due = i;
      }
    }
    const Instant claim = claims_.empty() ? never : claims_.front().at;
    next = std::min(next, claim);
    if (next > end) return false;
    now_ = std::max(now_, next);
    if (claim <= now_) {
      const std::size_t asked = claims_.front().to;
      claims_.pop_front();
      if (!nodes_[asked].paused) {
        tell(asked, event::AddressClaimed{nodes_[asked].instance.settings().addresses.at(0), {}});
      }
      return true;
    }
    if (due == nodes_.size()) {
      deliver_next();
    } else if (nodes_[due].holds_until <= now_) {
      nodes_[due].holds = false;
      nodes_[due].holds_until = never;
    } else {
      apply(due, nodes_[due].instance.handle(event::TimerDue{}, now_));
    }
    observe();
    return true;
  }

  [[nodiscard]] std::size_t count(State state) const {
    return static_cast<std::size_t>(std::ranges::count_if(nodes_, [&](const VirtualNode& node) {
      return node.running && node.instance.state() == state;
    }));
  }

  static constexpr Duration address_lifetime = 3s;

 private:
  struct Tie {
    SyncGroup group;
    std::vector<std::size_t> members;
    std::vector<action::Notice> notices;
  };
  struct Packet {
    Instant at;
    std::uint64_t order;  // packets of one instant keep their order
    std::size_t to;
    std::vector<std::uint8_t> bytes;
    bool operator<(const Packet& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  void apply(std::size_t index, const Actions& actions) {
    obey(index, actions);
    for (Tie& tie : ties_) {
      if (std::ranges::find(tie.members, index) != tie.members.end()) review(tie);
    }
  }

  // A host that is down or asleep as a whole decides nothing.
  void review(Tie& tie) {
    std::vector<const Instance*> instances;
    for (const std::size_t member : tie.members) {
      if (!nodes_[member].running || nodes_[member].paused) return;
      instances.push_back(&nodes_[member].instance);
    }
    for (;;) {
      const auto verdict = tie.group.review(instances);
      if (verdict.is_silent()) return;
      if (verdict.notice && keep_history) tie.notices.push_back(*verdict.notice);
      for (const auto& command : verdict.commands) {
        const std::size_t member = tie.members[command.member];
        if (keep_history && !verdict.line.empty()) nodes_[member].lines.push_back(verdict.line);
        obey(member, nodes_[member].instance.handle(command.event, now_));
      }
    }
  }

  void obey(std::size_t index, const Actions& actions) {
    VirtualNode& node = nodes_[index];
    for (const Action& single : actions) {
      if (const auto* send = std::get_if<action::SendAdvert>(&single)) {
        transmit(index, *send);
      } else if (std::holds_alternative<action::AddAddresses>(single)) {
        node.holds = true;
        node.holds_until = never;
      } else if (std::holds_alternative<action::RemoveAddresses>(single)) {
        node.holds = false;
        node.holds_until = never;
      } else if (const auto* announce = std::get_if<action::Announce>(&single)) {
        node.frames_announced += announce->repeat;
        if (keep_history) node.announced.push_back(now_);
      } else if (std::holds_alternative<action::Probe>(single)) {
        ask(index);
      } else if (const auto* notify = std::get_if<action::Notify>(&single)) {
        if (keep_history) node.notices.push_back(notify->notice);
      } else if (const auto* line = std::get_if<action::LogLine>(&single)) {
        if (keep_history) node.lines.push_back(line->text);
      } else if (const auto* transition = std::get_if<action::Transition>(&single)) {
        if (keep_history) node.transitions.push_back(*transition);
      }
    }
  }

  // The kernel of every reachable node that has the addresses answers, also for a paused process.
  void ask(std::size_t from) {
    for (std::size_t to = 0; to < nodes_.size(); ++to) {
      if (to == from || !reach_[from][to] || !reach_[to][from] || !nodes_[to].holds) continue;
      claims_.push_back({now_ + 2 * delay_min, from});
    }
  }

  void transmit(std::size_t from, const action::SendAdvert& send) {
    VirtualNode& node = nodes_[from];
    ++node.adverts_sent;
    if (keep_history) node.sent.emplace_back(now_, send.priority);
    const auto group = multicast_group(node.address.family());
    const bool unicast = !node.instance.settings().peers.empty();
    for (std::size_t to = 0; to < nodes_.size(); ++to) {
      if (to == from || !reach_[from][to]) continue;
      const auto& destination = unicast ? nodes_[to].address : group;
      const auto message =
          build_message(node.instance.make_advert(send.priority), node.address, destination);
      ++node.packet_id;
      const Settings& settings = node.instance.settings();
      send_copies(
          from, to,
          settings.auth_type == auth_header
              ? build_authenticated_packet(message, node.address, destination, node.packet_id,
                                           ip_ttl, send.sequence, settings.password)
              : build_ipv4_packet(message, node.address, destination, node.packet_id));
    }
  }

  void send_copies(std::size_t from, std::size_t to, const std::vector<std::uint8_t>& bytes) {
    if (random_.below(1000) < loss_per_mille) return;
    const int copies = random_.below(1000) < duplicates_per_mille ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const auto spread = static_cast<std::uint64_t>((delay_max - delay_min).count()) + 1;
      const Duration delay = delay_min + Duration(static_cast<std::int64_t>(random_.below(spread)));
      Instant& last = last_arrival_[from][to];
      const Instant arrival = reorders ? now_ + delay : std::max(last, now_ + delay);
      last = arrival;
      packets_.push(Packet{arrival, ++order_, to, bytes});
    }
  }

  void deliver_next() {
    const Packet packet = packets_.top();
    packets_.pop();
    VirtualNode& node = nodes_[packet.to];
    if (!node.running) return;
    if (node.paused) {
      if (node.queued.size() < queued_max) node.queued.push_back(packet.bytes);
      return;
    }
    deliver(packet.to, packet.bytes);
  }

  void deliver(std::size_t to, const std::vector<std::uint8_t>& bytes) {
    const ParsedAdvert parsed = parse_ipv4_packet(bytes);
    apply(to, nodes_[to].instance.handle(event::AdvertReceived{&parsed}, now_));
    observe();
  }

  static constexpr std::size_t queued_max = 64;
  Random random_;
  Instant now_{};
  std::deque<VirtualNode> nodes_;
  std::vector<Tie> ties_;
  std::vector<std::vector<bool>> reach_;            // [from][to]
  std::vector<std::vector<Instant>> last_arrival_;  // [from][to]
  std::priority_queue<Packet> packets_;
  struct Claim {
    Instant at;
    std::size_t to;
  };
  std::deque<Claim> claims_;  // answers on their way
  std::uint64_t order_ = 0;
};

}  // namespace baton::vrrp
