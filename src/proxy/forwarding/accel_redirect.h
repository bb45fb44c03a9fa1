// X-Accel-Redirect: an upstream server names the location that answers in its place, most often one
// that serves a file which only the server may hand out.
#pragma once

#include "proxy/exchange.h"

namespace baton::proxy {

// The place that exchange.upstream_head names; "" when it names none.
std::string_view accel_target(const Exchange& exchange);

// Goes there: an inner redirect, as GET unless it was HEAD. What the server said of the content
// stays for the response: Content-Type, Content-Disposition, Set-Cookie, Cache-Control, Expires,
// Accept-Ranges, but for the lines that `plan` hides.
Verdict follow_accel(Exchange& exchange, const LocationPlan& plan);

}  // namespace baton::proxy
