// limit_req and limit_conn: whether a request may go on, must wait, or is turned away.
#pragma once

#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// For a location that has `limits`. proceed, possibly after a while, or the status of the limit
// that was met. A request is judged once, in the first location that has such limits.
runtime::Task<Verdict> limit(Exchange& exchange);

}  // namespace baton::proxy
