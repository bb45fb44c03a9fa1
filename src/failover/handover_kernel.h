// The real world of handovers: pair link, loop, kernel and the node's routers.
//
// What the kernel is asked for: the giver keeps the addresses on `lo` (with the guard's short
// lifetime, so that they go when this process does) and has rules that keep it silent about them;
// the taker has rules that send the giver what is the giver's. Rules are in tables that the kernel
// removes with this process. No sysctl is touched. Lists of connections are read and written in
// pieces (piecewise_work.h), for BFD may wait for this very loop every ten milliseconds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "failover/address_guard.h"
#include "failover/handover_world.h"
#include "failover/handovers.h"
#include "failover/pair_link.h"
#include "failover/piecewise_work.h"
#include "failover/router.h"
#include "linux/nftables.h"

namespace baton::failover {

// What it needs of the node.
class HandoverHost {
 public:
  [[nodiscard]] virtual const std::vector<std::unique_ptr<Router>>& routers() const = 0;
  virtual void tell(const std::vector<RouterFace*>& routers, const vrrp::Event& event) = 0;
  virtual void pass_ended(std::uint64_t ticket, bool ok, const std::string& text) = 0;
  virtual void addresses_leave(const std::vector<net::IpAddress>& addresses, bool close_idle) = 0;
  [[nodiscard]] virtual bool is_stopping() const = 0;
  [[nodiscard]] virtual unsigned priority_of(const std::string& peer,
                                             const std::vector<std::string>& instances) const = 0;

 protected:
  ~HandoverHost() = default;
};

class HandoverKernel final : public HandoverWorld {
 public:
  HandoverKernel(runtime::Loop& loop, Log& log, PairLink& link, AddressGuard& guard,
                 HandoverHost& host);
  // From now on `handovers` hears of the link and of time; it outlives the loop's last turn.
  void drive(Handovers& handovers);

  [[nodiscard]] Instant now() override { return loop_.refresh_now(); }
  void wake_at(Instant at) override { timer_.arm(at); }
  void work(Job job) override { work_.add(std::move(job)); }
  [[nodiscard]] Faces routers() const override;
  void tell(const Faces& routers, const vrrp::Event& event) override { host_.tell(routers, event); }
  [[nodiscard]] bool is_stopping() const override { return host_.is_stopping(); }
  [[nodiscard]] bool has_link() const override { return link_.enabled(); }
  [[nodiscard]] std::vector<HandoverPeer> peers() const override;
  [[nodiscard]] unsigned priority_of(const HandoverPeer& peer,
                                     const std::vector<std::string>& instances) const override {
    return host_.priority_of(peer.name.empty() ? peer.address.text() : peer.name, instances);
  }
  Status send(const net::IpAddress& peer, PairMessage type, const std::string& body) override {
    return link_.send(peer, type, body);
  }
  void keep(const std::string& name, const std::vector<HeldAddress>& addresses) override {
    guard_.hold(name, addresses);
  }
  void unkeep(const std::string& name) override { guard_.release(name); }
  Status filter(const std::string& commands, const char* what) override;
  Result<std::unique_ptr<FlowListing>> list_flows(
      const std::vector<net::IpAddress>& addresses) override;
  void pass_ended(std::uint64_t ticket, bool ok, const std::string& text) override {
    host_.pass_ended(ticket, ok, text);
  }
  void addresses_leave(const std::vector<net::IpAddress>& addresses, bool close_idle) override {
    host_.addresses_leave(addresses, close_idle);
  }
  void close() override;

 private:
  runtime::Loop& loop_;
  Log& log_;
  PairLink& link_;
  AddressGuard& guard_;
  HandoverHost& host_;
  Handovers* handovers_ = nullptr;
  runtime::Timer timer_;
  PiecewiseWork work_;
  std::optional<linux::Nftables> nftables_;
};

}  // namespace baton::failover
