// The supervisor's own log under each of the three names, and the failover process's.
#pragma once

#include <memory>

#include "config/model/proxy.h"
#include "supervisor/logs.h"
#include "supervisor/options.h"

namespace baton::supervisor {

// `proxy` is the configuration whose error_log is used under the name nginx; null otherwise.
std::unique_ptr<TeeLog> make_tree_log(const Options& options, const config::Proxy* proxy);
// Called in the failover process.
std::unique_ptr<Log> make_failover_log(const Options& options);
// Opens files anew after logrotate moved them away.
void reopen(TeeLog& log);

}  // namespace baton::supervisor
