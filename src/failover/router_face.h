// A virtual router as the parts around it see it: its machine, its addresses, and a way to tell it
// something. Router (router.h) is the real one; a simulation has its own.
#pragma once

#include <string>
#include <vector>

#include "failover/address_guard.h"
#include "vrrp/instance.h"

namespace baton::failover {

class RouterFace {
 public:
  [[nodiscard]] virtual const vrrp::Instance& instance() const = 0;
  // Every address that it puts on a link when it is master.
  [[nodiscard]] virtual const std::vector<HeldAddress>& held() const = 0;
  // Where packets to an address on `device` come in, and go out to the other node: the device
  // itself, or the one below an interface with a virtual MAC.
  [[nodiscard]] virtual const std::string& link_of(const std::string& device) const = 0;
  // A command of the sync group or of a handover, or news of the watch on the master.
  virtual void obey(const vrrp::Event& command) = 0;

 protected:
  ~RouterFace() = default;
};

}  // namespace baton::failover
