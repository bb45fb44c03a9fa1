// What the node shows of itself, to status and dumps.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "failover/address_guard.h"
#include "failover/fast_detection.h"
#include "failover/file_watch.h"
#include "failover/flight_recorder.h"
#include "failover/handovers.h"
#include "failover/mismatch_book.h"
#include "failover/pair_link.h"
#include "failover/process_watch.h"
#include "failover/proxy_watch.h"
#include "failover/route_guard.h"
#include "failover/router.h"
#include "failover/script_schedule.h"
#include "failover/vmac_guard.h"
#include "vrrp/sync_group.h"

namespace baton::failover {

// A sync group with its members here.
struct RouterGroup {
  vrrp::SyncGroup machine;
  std::uint32_t index = 0;  // in the configuration
  std::vector<Router*> routers;
  std::vector<const vrrp::Instance*> instances;  // of the routers
};

// Under this name the static part of the configuration holds addresses and routes.
inline constexpr const char* static_holder = "static configuration";

class NodeView {
 public:
  [[nodiscard]] virtual const config::Failover& config() const = 0;
  // In the order of the configuration.
  [[nodiscard]] virtual const std::vector<std::unique_ptr<Router>>& routers() const = 0;
  [[nodiscard]] virtual const std::vector<RouterGroup>& groups() const = 0;
  [[nodiscard]] virtual const ScriptSchedule& scripts() const = 0;
  [[nodiscard]] virtual const VmacGuard& vmacs() const = 0;
  [[nodiscard]] virtual const RouteGuard& route_guard() const = 0;
  [[nodiscard]] virtual const FileWatch& files() const = 0;
  [[nodiscard]] virtual const ProcessWatch& processes() const = 0;
  [[nodiscard]] virtual const ProxyWatch& proxy() const = 0;
  [[nodiscard]] virtual const AddressGuard& guard() const = 0;
  [[nodiscard]] virtual const FastDetection& detection() const = 0;
  [[nodiscard]] virtual const PairLink& pair() const = 0;
  [[nodiscard]] virtual const SecondPath& second_path() const = 0;
  [[nodiscard]] virtual const Handovers& handovers() const = 0;
  // The last transitions of all routers, and what led to them.
  [[nodiscard]] virtual const FlightRecorder& recorder() const = 0;
  // Where this node and another one were told different things.
  [[nodiscard]] virtual const MismatchBook& mismatches() const = 0;

 protected:
  ~NodeView() = default;
};

}  // namespace baton::failover
