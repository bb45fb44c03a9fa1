// The handovers of one host: the shipped class (failover/handovers.h) in a world with pair links, a
// packet filter (packet_filter.h), a loopback whose addresses live three seconds unless they are
// renewed, and connections that the host serves. What the shipped process does in pieces is done in
// pieces of virtual time here: anything may happen between two of them.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "failover/handovers.h"
#include "simulation/packet_filter.h"

namespace baton::simulation {

class Host;
struct Surroundings;

class PairNode final : private failover::HandoverWorld {
 public:
  PairNode(Surroundings& around, Host& host, std::uint64_t run);
  PairNode(const PairNode&) = delete;

  [[nodiscard]] failover::Handovers& handovers() { return handovers_; }
  void hear(std::size_t from, failover::PairMessage type, const std::string& body);
  void link_changed(std::size_t peer);
  [[nodiscard]] Instant deadline() const { return std::min(wake_at_, work_at_); }  // host's clock
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
  [[nodiscard]] bool is_giving() const { return handovers_.is_serving(); }
  [[nodiscard]] failover::HandoverGiver::State giver_state() const;

 private:
  class Chronicle final : public Log {
   public:
    Chronicle(const Surroundings& around, std::size_t host) : around_(around), host_(host) {}
    void write(LogLevel level, std::string_view line) override;
    [[nodiscard]] bool enabled(LogLevel level) const override;

   private:
    const Surroundings& around_;
    std::size_t host_;
  };

  [[nodiscard]] Instant now() override;
  void wake_at(Instant at) override;
  void work(Job job) override;
  [[nodiscard]] Faces routers() const override;
  void tell(const Faces& routers, const vrrp::Event& event) override;
  [[nodiscard]] bool is_stopping() const override;
  [[nodiscard]] bool has_link() const override { return true; }
  [[nodiscard]] std::vector<failover::HandoverPeer> peers() const override;
  [[nodiscard]] unsigned priority_of(const failover::HandoverPeer& peer,
                                     const std::vector<std::string>& instances) const override;
  Status send(const net::IpAddress& peer, failover::PairMessage type,
              const std::string& body) override;
  void keep(const std::string& name, const std::vector<failover::HeldAddress>& addresses) override;
  void unkeep(const std::string& name) override;
  Status filter(const std::string& commands, const char* what) override;
  Result<std::unique_ptr<failover::FlowListing>> list_flows(
      const std::vector<net::IpAddress>& addresses) override;
  void pass_ended(std::uint64_t ticket, bool ok, const std::string& text) override;
  void addresses_leave(const std::vector<net::IpAddress>&, bool) override {}
  void close() override;

  [[nodiscard]] failover::HandoverPeer peer(std::size_t host) const;
  void do_piece();
  void plan_piece();

  Surroundings& around_;
  Host& host_;
  Chronicle log_;
  failover::FlightRecorder recorder_;
  Random random_;
  PacketFilter filter_;
  Kept kept_;
  Instant kept_until_ = never;  // of the world
  Instant wake_at_ = never;
  std::deque<Job> jobs_;
  Instant work_at_ = never;
  failover::Handovers handovers_;
};

}  // namespace baton::simulation
