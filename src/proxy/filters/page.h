// A body that is put together from several: a text with includes (SSI), or one with pages before
// and behind it (add_before_body, add_after_body).
//
// Such a body passes the first filters as bytes, comes here as to a sink, and what the page makes
// of it goes on through the rest of the filters and the framing. The page makes subrequests on the
// way, whose bodies come in where they stand.
#pragma once

#include <cstdint>
#include <optional>

#include "proxy/exchange.h"
#include "proxy/response/outgoing_body.h"
#include "runtime/task.h"

namespace baton::proxy {

// body.begin(), for a response that may be put together.
void begin_outgoing(Exchange& exchange, OutgoingBody& body,
                    std::optional<std::uint64_t> length_bytes);

// To be called when the response of an exchange that has a page has ended: sends what was held
// back, and the end of the body.
runtime::Task<void> finish_page(Exchange& exchange);

}  // namespace baton::proxy
