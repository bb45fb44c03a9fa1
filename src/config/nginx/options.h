// What the command line says about reading nginx.conf.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "net/address.h"

namespace baton::config::nginx {

struct LoadOptions {
  std::string path;                   // the main file, absolute (`-c`)
  std::string prefix = "/etc/nginx";  // where relative paths start (`-p`)
  std::string global_directives;      // text of `-g`, parsed in the main context
  std::string error_log;              // `-e`; empty: the default
  // Looks up a host name; empty: the system's resolver. Tests and fuzzing put their own here.
  std::function<std::vector<net::IpAddress>(const std::string& host)> resolve;
};

}  // namespace baton::config::nginx
