// Keeps the interfaces that carry virtual MACs: makes them before the instances need them, makes
// them again when somebody has removed one, and removes them at the end.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "failover/link_table.h"
#include "failover/network_settings.h"
#include "linux/vmac.h"

namespace baton::failover {

class VmacGuard {
 public:
  VmacGuard(linux::Netlink& netlink, LinkTable& links, Log& log)
      : netlink_(netlink), links_(links), log_(log), settings_(log) {}

  // Removes these where an earlier run left them.
  void remove_leftovers(const std::vector<config::VmacLink>& wanted);
  // From now on there are exactly these.
  void hold(std::vector<config::VmacLink> wanted);
  // Makes those that are gone, as far as their parents are there; true when it made one.
  bool restore();
  // Removes all, and puts the network's settings back.
  void release();

  [[nodiscard]] const std::vector<config::VmacLink>& held() const { return held_; }

 private:
  bool make(const config::VmacLink& link);
  void remove(const config::VmacLink& link);
  void refresh();

  linux::Netlink& netlink_;
  LinkTable& links_;
  Log& log_;
  NetworkSettings settings_;
  std::vector<config::VmacLink> held_;
  std::map<std::string, int> last_error_;  // by name
};

}  // namespace baton::failover
