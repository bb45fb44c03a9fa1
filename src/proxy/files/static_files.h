// Files as responses: what a location without proxy_pass and return does. nginx's index and static
// modules with their log lines, conditional requests and ranges.
//
// A file is found by root (or alias) and the normalised URI; a path that would leave them ("..")
// is never opened. Disk reads may block, as in nginx.
#pragma once

#include "proxy/logs/error_log.h"
#include "proxy/request.h"

namespace baton::proxy {

// Fills request.response with the file that the URI names, or says what to do instead: an error
// (404, 403, 405, 412, 416), an inner redirect to an index file, or 301 with response.location set
// to the path with a slash for a folder. For HEAD the response is the same; its body is not sent.
Verdict serve_file(Request& request, ErrorLog& log);

}  // namespace baton::proxy
