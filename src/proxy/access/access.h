// Who may ask for what a location has: allow and deny, auth_basic, auth_request, and `satisfy`,
// which says whether all of them must agree or one is enough.
#pragma once

#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// For a location that has `access`. proceed, or the error of whoever refused. Only requests of
// clients are asked: a subrequest comes with the word of its main request.
runtime::Task<Verdict> check_access(Exchange& exchange);

}  // namespace baton::proxy
