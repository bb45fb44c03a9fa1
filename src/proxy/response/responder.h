// Sending a response that was made here: text (error pages, `return`) or parts of a file.
#pragma once

#include "proxy/client/client_output.h"
#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// Sends request.response, head and body. An error is the client's (gone, or too slow).
runtime::Task<Status> respond(Exchange& exchange);

}  // namespace baton::proxy
