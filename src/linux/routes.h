// Routes and routing rules by rtnetlink: putting, removing, and word of those that others remove.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "config/model/route.h"
#include "linux/links.h"
#include "runtime/fd.h"

namespace baton::linux {

// The index of a device; 0 when there is none of that name.
using DeviceIndex = std::function<int(const std::string& name)>;

// True when it was not there. One to be removed that is gone is no error; a device that does not
// exist is one (ENODEV).
Result<bool> put_route(Netlink& netlink, const config::Route& route, const DeviceIndex& index_of);
Status remove_route(Netlink& netlink, const config::Route& route, const DeviceIndex& index_of);
Result<bool> put_rule(Netlink& netlink, const config::RoutingRule& rule);
Status remove_rule(Netlink& netlink, const config::RoutingRule& rule);

// What the kernel tells of a route or rule that is gone, or was replaced by another one.
struct RouteLoss {
  bool is_rule = false;
  bool overrun = false;  // notices were lost: anything may be gone
  net::Family family = net::Family::ipv4;
  net::Prefix destination;  // of a route
  std::uint32_t table = 0;
  std::uint32_t priority = 0;  // of a rule
};

// Whether a loss may be that of this route or rule.
bool concerns(const RouteLoss& loss, const config::Route& route);
bool concerns(const RouteLoss& loss, const config::RoutingRule& rule);

class RouteMonitor {
 public:
  static Result<RouteMonitor> open();

  // Gives the descriptor away to be watched; read() goes on with it.
  runtime::Fd release() { return std::move(fd_); }
  // Hands the losses among up to `most` datagrams that wait to `visit`; true when none is left.
  bool read(const std::function<void(const RouteLoss&)>& visit, int most);

 private:
  explicit RouteMonitor(runtime::Fd fd) : fd_(std::move(fd)), watched_(fd_.get()) {}
  runtime::Fd fd_;
  int watched_;
};

}  // namespace baton::linux
