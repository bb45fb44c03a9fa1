// Reads an nginx.conf (with everything that it includes) into the typed model.
// Grammar and meaning: https://nginx.org/en/docs/, one page a module.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/model/proxy.h"
#include "config/source.h"
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

// Null when there was an error that nginx would refuse to start with; every problem is in
// `diagnostics` in either case. Reads files through `sources` only; resolves host names of
// upstream servers with getaddrinfo.
std::shared_ptr<const Proxy> load(SourceTree& sources, const LoadOptions& options,
                                  Diagnostics& diagnostics);

}  // namespace baton::config::nginx
