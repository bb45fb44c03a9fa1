// Interfaces that keepalived.conf names and this host does not have: a mistyped name is legal for
// baton, which waits for the interface to appear, so it shows here or as a FAULT much later.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/model/failover.h"
#include "config/source.h"

namespace baton::cli {

// The names of all interfaces of this host.
std::vector<std::string> interfaces_here();

// Warns, in keepalived's words behind `prefix`, of each name, once, that is not among `here` and
// that baton does not make itself. Says nothing with `dynamic_interfaces`, or where the host will
// be another network namespace.
void warn_of_missing_interfaces(const config::Failover& model, const std::vector<std::string>& here,
                                std::string_view prefix, config::Diagnostics& diagnostics);

}  // namespace baton::cli
