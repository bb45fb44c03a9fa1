// Settings of the kernel (sysctls) that VMAC interfaces need, and what they were before.
//
// Two interfaces of one segment with addresses of one network: each must answer for its own
// addresses only (arp_ignore), and what comes in on one and would go out on the other must not be
// taken for forged (rp_filter, accept_local). keepalived sets the same; what is put back at the end
// is here everything, also when the process was killed (the supervisor remembers, too).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "config/model/vmac.h"

namespace baton::failover {

class NetworkSettings {
 public:
  explicit NetworkSettings(Log& log) : log_(log) {}

  // Notes the values of all that prepare() may change for these links, unless they are noted.
  void remember(const std::vector<config::VmacLink>& links);
  // Sets up the parents of these links, and once the rest of the machine.
  void prepare(const std::vector<config::VmacLink>& links);
  // Sets up a link itself; it goes with the link.
  void prepare_link(const config::VmacLink& link);
  // Puts back all that was noted and differs.
  void restore();

 private:
  void set(const std::string& path, const std::string& value);

  Log& log_;
  std::map<std::string, std::string> before_;  // by path
};

}  // namespace baton::failover
