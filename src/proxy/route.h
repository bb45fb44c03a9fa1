// Where a request goes: server, its rewrite program, location, that one's program, again while
// the URI changes. An internal redirect goes the same way from the server's program on; a named
// location is entered directly.
#pragma once

#include "proxy/exchange.h"

namespace baton::proxy {

// proceed: request.location is settled. A request whose head has just been read.
Verdict route(Exchange& exchange);

// The same for a verdict of kind redirect.
Verdict follow_redirect(Exchange& exchange, const Verdict& to);

}  // namespace baton::proxy
