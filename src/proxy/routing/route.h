// Where a request goes: server, its rewrite program, location, that one's program, again while
// the URI changes. An internal redirect goes the same way from the server's program on; a named
// location is entered directly.
#pragma once

#include "proxy/request.h"
#include "proxy/routing/router.h"

namespace baton::proxy {

// Changes of the URI (rewrites that start a new search, internal redirects), so many at most.
constexpr std::uint8_t uri_changes_max = 10;

// proceed: request.location is settled. A request whose head has just been read from listener
// `listener`.
Verdict route(Request& request, const Router& router, std::uint32_t listener);

// The same for a verdict of kind redirect.
Verdict follow_redirect(Request& request, const Router& router, const Verdict& to);

}  // namespace baton::proxy
