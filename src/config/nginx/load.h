// Reads an nginx.conf (with everything that it includes) into the typed model.
// Grammar and meaning: https://nginx.org/en/docs/, one page a module.
#pragma once

#include <memory>

#include "config/model/proxy.h"
#include "config/nginx/options.h"
#include "config/source.h"

namespace baton::config::nginx {

// Null when there was an error that nginx would refuse to start with; every problem is in
// `diagnostics` in either case. Reads files through `sources` only; resolves host names of
// upstream servers with getaddrinfo.
std::shared_ptr<const Proxy> load(SourceTree& sources, const LoadOptions& options,
                                  Diagnostics& diagnostics);

}  // namespace baton::config::nginx
