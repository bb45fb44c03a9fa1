// Sending a response that was made here: text (error pages, `return`) or parts of a file.
#pragma once

#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// Sends request.response, head and body. An error is the client's (gone, or too slow).
runtime::Task<Status> respond(Exchange& exchange);

// Sends all of `pieces`, which are used up. `timeout` is for each part that the kernel takes: a
// slow reader has time as long as it reads at all.
runtime::Task<Status> send_all(runtime::Stream& stream, std::span<iovec> pieces, Duration timeout,
                               bool more = false);

// The same to the client (or to the sink of a subrequest), counting what went out.
runtime::Task<Status> send_to_client(Exchange& exchange, std::span<iovec> pieces, bool more);

// Sends of `pieces` what the client takes at once, and leaves the rest in them: empty when all is
// gone. For responses without a limited rate only; with one nothing is sent here.
Status send_now(Exchange& exchange, std::span<iovec>& pieces);

}  // namespace baton::proxy
