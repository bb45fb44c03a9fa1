// The handovers of one host: the shipped desk (failover/handover_desk.h) with the world's pair
// links, a packet filter (packet_filter.h), a loopback whose addresses live three seconds unless
// they are renewed, and connections that the host serves.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "simulation/handover_desk.h"
#include "simulation/packet_filter.h"

namespace baton::simulation {

class Host;
struct Surroundings;

class PairNode final : public HandoverDesk {
 public:
  PairNode(Surroundings& around, Host& host, std::uint64_t run);

  void hear(std::size_t from, failover::PairMessage type, const std::string& body);
  void link_changed(std::size_t peer);
  [[nodiscard]] Instant deadline() const { return wake_at_; }  // of the host's clock
  void timer();
  // The process no longer renews what it has put on the loopback, and does so again.
  void lose_grip();
  void renew();

  [[nodiscard]] const PacketFilter& packet_filter() const { return filter_; }
  // By the name of the handover.
  using Kept = std::map<std::string, std::vector<net::IpAddress>>;
  [[nodiscard]] const Kept& kept() const { return kept_; }
  // On the loopback right now.
  [[nodiscard]] bool answers_for(const net::IpAddress& address) const;
  // Offers, moves or serves what it has given.
  [[nodiscard]] bool is_giving() const;
  [[nodiscard]] failover::HandoverGiver::State giver_state() const;

 private:
  [[nodiscard]] Instant now() override;
  void wake_at(Instant at) override;
  void write_log(LogLevel level, const std::string& line) override;
  [[nodiscard]] Faces faces() const override;
  void tell(const Faces& routers, const vrrp::Event& event) override;
  [[nodiscard]] std::vector<HandoverPeer> peers() const override;
  void send(const net::IpAddress& peer, failover::PairMessage type,
            const std::string& body) override;
  void keep(const std::string& name, const std::vector<failover::HeldAddress>& addresses) override;
  void unkeep(const std::string& name) override;
  Status filter(const std::string& commands, const char* what) override;
  Status visit_flows(const std::vector<net::IpAddress>& addresses,
                     const FlowVisitor& visit) override;
  void pass_ended(std::uint64_t ticket, bool ok, const std::string& text) override;
  void addresses_leave(const std::vector<net::IpAddress>&) override {}
  [[nodiscard]] bool is_stopping() const override;

  [[nodiscard]] HandoverPeer peer(std::size_t host) const;

  Surroundings& around_;
  Host& host_;
  PacketFilter filter_;
  Kept kept_;
  Instant kept_until_ = never;  // of the world
  Instant wake_at_ = never;
};

}  // namespace baton::simulation
