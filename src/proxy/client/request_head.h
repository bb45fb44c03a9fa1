// Reading the request's head from the client: first step of the journey.
#pragma once

#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

enum class HeadOutcome : std::uint8_t {
  complete,   // request.head is there
  refused,    // answer with refusal.status and close
  timed_out,  // client_header_timeout: 408
  gone,       // the client closed, or was cut off: nothing to answer
};

// Whatever the outcome, the request belongs to the listener's default server until it is routed.
runtime::Task<HeadOutcome> read_request_head(Exchange& exchange);

}  // namespace baton::proxy
