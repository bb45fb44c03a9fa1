// try_files: the first of several paths that exists is served; otherwise the last argument, a URI,
// a named location or a code, decides.
#pragma once

#include "proxy/request.h"

namespace baton::proxy {

// proceed: request.uri now names what exists (or the location has no try_files): the location's
// own handler goes on. redirect or error: the fallback.
Verdict try_files(Request& request);

}  // namespace baton::proxy
