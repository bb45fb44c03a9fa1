// Runs the rewrite program of a server or location (config/model/rewrite.h) for a request.
#pragma once

#include "proxy/request.h"
#include "proxy/routing/plan.h"

namespace baton::proxy {

struct RewriteEnd {
  // proceed, or what a `return` or a redirect came to.
  Verdict verdict = Verdict::proceed();
  // The URI is another one: a location has to be looked for anew.
  bool search_again = false;
};

// The program of request.location, whose plan is `plan`. An `if` that holds makes its own location
// the request's.
RewriteEnd run_rewrite_program(Request& request, const LocationPlan& plan);

// `text` with %XX for everything that would end or change an argument of a query.
void append_escaped_argument(std::string& into, std::string_view text);

// A redirect's target with the escapes undone that a path does not need, up to its query.
std::string unescape_redirect(std::string_view text);

}  // namespace baton::proxy
