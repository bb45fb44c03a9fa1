// mirror: a request is repeated to other locations, which are not waited for and not heard.
#pragma once

#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// For a location that has `mirror`. proceed, or what has become of a request whose body could not
// be read: the copies need it, too. They run beside the request; the connection does not go on
// before they have ended, because they look at the request's head.
runtime::Task<Verdict> start_mirrors(Exchange& exchange);

}  // namespace baton::proxy
