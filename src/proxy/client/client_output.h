// Bytes on their way to the client, or to the sink of a subrequest.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// Sends all of `pieces`, which are used up. `timeout` is for each part that the kernel takes: a
// slow reader has time as long as it reads at all.
runtime::Task<Status> send_all(runtime::Stream& stream, std::span<iovec> pieces, Duration timeout,
                               bool more = false);

// The same to the client (or to the sink of a subrequest), counting what went out, and not faster
// than limit_rate allows.
runtime::Task<Status> send_to_client(Exchange& exchange, std::span<iovec> pieces, bool more);

// Sends of `pieces` what the client takes at once, and leaves the rest in them: empty when all is
// gone. For responses without a limited rate only; with one nothing is sent here.
Status send_now(Exchange& exchange, std::span<iovec>& pieces);

// To be called when the head of a response to the client is complete: limits its rate where the
// location, `set $limit_rate` or the upstream server said so.
void begin_pacing(Exchange& exchange);

// How many of `wanted` bytes may go out now, at least one; waits for that. For an exchange that has
// a pacer. An error when everything is being ended.
runtime::Task<Result<std::uint64_t>> wait_for_allowance(Exchange& exchange, std::uint64_t wanted);

}  // namespace baton::proxy
