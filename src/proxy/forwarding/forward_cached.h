// Forwarding with proxy_cache: the cache answers, or forward() does and the cache keeps what it
// may.
#pragma once

#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// As forward(). The request's location has CacheSettings that are on.
runtime::Task<Verdict> forward_cached(Exchange& exchange);

}  // namespace baton::proxy
