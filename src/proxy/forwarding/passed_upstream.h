// proxy_pass with variables: its text is worked out for each request, and leads to a group of the
// configuration when it names one, to the address that it is, or to those that `resolver` finds
// for its name.
//
// Groups that are made of addresses in passing are targets (upstream/thread_upstreams.h): their
// connections are kept for later requests like those of any group.
#pragma once

#include "config/model/proxy.h"
#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// Sets the group that the exchange asks, and request.passed. An error when that is impossible
// (500: the text is no URL, 502: its name cannot be resolved); the log says why.
runtime::Task<Verdict> find_passed_upstream(Exchange& exchange, const config::ProxyPass& proxy);

// The first half of it: fills in request.passed, for a key of the cache, and looks for no server.
Verdict read_passed_url(Exchange& exchange, const config::ProxyPass& proxy);

}  // namespace baton::proxy
