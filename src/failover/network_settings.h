// Settings of the kernel (sysctls) that VMAC interfaces need, and what they were before.
//
// Two interfaces of one segment with addresses of one network: each must answer for its own
// addresses only (arp_ignore), and what comes in on one and would go out on the other must not be
// taken for forged (rp_filter, accept_local). keepalived sets the same; arp_announce is set beyond
// that, without which neighbours learn the real MAC as soon as they are answered. What is put back
// at the end is everything, also when the process was killed (the supervisor remembers, too), and
// when all of them were: the supervisor's memory is in a file, which the next start finds.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "config/model/vmac.h"

namespace baton::failover {

// Names this boot and this network namespace: a note with another mark says nothing here.
std::string boot_and_network();

class NetworkSettings {
 public:
  // `file`: where what was noted outlives this process; empty: nowhere.
  explicit NetworkSettings(Log& log, std::string file = "") : log_(log), file_(std::move(file)) {}

  // Puts back what an earlier process has noted in the file and did not live to put back. A file
  // of another boot, or of another network namespace, says nothing.
  void recover();

  // Notes the values of all that prepare() may change for these links, unless they are noted.
  void remember(const std::vector<config::VmacLink>& links);
  // Sets up the parents of these links, and once the rest of the machine.
  void prepare(const std::vector<config::VmacLink>& links);
  // Sets up a link itself; it goes with the link.
  void prepare_link(const config::VmacLink& link);
  // Puts back all that was noted and differs.
  void restore();
  // Somebody else has put it back.
  void forget();

 private:
  void set(const std::string& path, const std::string& value);
  void write_file();

  Log& log_;
  std::string file_;
  std::map<std::string, std::string> before_;  // by path
};

}  // namespace baton::failover
