// Forwarding a request: pick an upstream server, attempt, and when that fails in a way that allows
// it, the next one (proxy_next_upstream).
#pragma once

#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// `respond` when the client has got the response (or as much of it as there was), or is gone
// (response.status 499, nothing sent); an error (502, 504, 408, 413, ...) when nothing was sent.
runtime::Task<Verdict> forward(Exchange& exchange);

}  // namespace baton::proxy
