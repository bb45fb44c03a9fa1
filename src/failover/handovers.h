// Handovers in the real world: does what a HandoverDesk (handover_desk.h) wants done, with the pair
// link, the routers, the kernel's connections, the loopback and packet rules.
//
// What the kernel is asked for: the giver keeps the addresses on `lo` (with the guard's short
// lifetime, so that they go when this process does) and has rules that keep it silent about them;
// the taker has rules that send the giver what is the giver's. Rules are in tables that the kernel
// removes with this process. No sysctl is touched.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "failover/address_guard.h"
#include "failover/handover_desk.h"
#include "failover/pair_link.h"
#include "failover/router.h"
#include "linux/nftables.h"

namespace baton::failover {

class Handovers final : public HandoverDesk {
 public:
  // What it needs of the node.
  class Host {
   public:
    [[nodiscard]] virtual const std::vector<std::unique_ptr<Router>>& routers() const = 0;
    virtual void tell(const std::vector<RouterFace*>& routers, const vrrp::Event& event) = 0;
    virtual void pass_ended(std::uint64_t ticket, bool ok, const std::string& text) = 0;
    virtual void addresses_leave(const std::vector<net::IpAddress>& addresses) = 0;
    [[nodiscard]] virtual bool is_stopping() const = 0;

   protected:
    ~Host() = default;
  };

  Handovers(runtime::Loop& loop, Log& log, PairLink& link, AddressGuard& guard, Host& host);
  ~Handovers();

  // Ends everything now; what the kernel has of it goes, too.
  void end();

 private:
  Instant now() override { return loop_.refresh_now(); }
  void wake_at(Instant at) override { timer_.arm(at); }
  void write_log(LogLevel level, const std::string& line) override { log_.write(level, line); }
  [[nodiscard]] Faces faces() const override;
  void tell(const Faces& routers, const vrrp::Event& event) override { host_.tell(routers, event); }
  [[nodiscard]] std::vector<HandoverPeer> peers() const override;
  void send(const net::IpAddress& peer, PairMessage type, const std::string& body) override;
  void keep(const std::string& name, const std::vector<HeldAddress>& addresses) override;
  void unkeep(const std::string& name) override { guard_.release(name); }
  Status filter(const std::string& commands, const char* what) override;
  Status visit_flows(const std::vector<net::IpAddress>& addresses,
                     const FlowVisitor& visit) override;
  void pass_ended(std::uint64_t ticket, bool ok, const std::string& text) override {
    host_.pass_ended(ticket, ok, text);
  }
  void addresses_leave(const std::vector<net::IpAddress>& addresses) override {
    host_.addresses_leave(addresses);
  }
  [[nodiscard]] bool is_stopping() const override { return host_.is_stopping(); }

  runtime::Loop& loop_;
  Log& log_;
  PairLink& link_;
  AddressGuard& guard_;
  Host& host_;
  runtime::Timer timer_;
  std::optional<linux::Nftables> nftables_;
};

}  // namespace baton::failover
