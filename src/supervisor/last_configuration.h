// The failover configuration that was in use last, for the case that all processes of baton end at
// once without a word. Addresses then go by themselves, settings of the network are noted
// (failover/network_settings.h), but routes, rules and VMAC interfaces stay in the kernel, and the
// next start, whose file may say something else by then, would not know that they are baton's. So
// the configuration is kept in a file while it can leave such things, and the next start, which
// finds it, removes them.
#pragma once

#include <string>

#include "base/log.h"
#include "config/keepalived/load.h"
#include "supervisor/configuration.h"

namespace baton::supervisor {

class LastConfiguration {
 public:
  // `path`: where it is kept, readable by root alone; empty: nowhere.
  LastConfiguration(Log& log, std::string path) : log_(log), path_(std::move(path)) {}

  // Removes what an earlier run has left. A file of another boot, or of another network namespace,
  // says nothing.
  void recover(const config::keepalived::LoadOptions& options);
  // This one is in use from now on.
  void remember(const Configuration& configuration);
  // Nothing is left any more.
  void forget();

 private:
  Log& log_;
  std::string path_;
};

}  // namespace baton::supervisor
