// Sending a response that was made here: text (error pages, `return`) or parts of a file.
#pragma once

#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// Sends request.response, head and body. An error is the client's (gone, or too slow).
runtime::Task<Status> respond(Exchange& exchange);

// Sends all of `pieces` to the client and counts what went out; the iovecs are used up.
runtime::Task<Status> send_to_client(Exchange& exchange, std::span<iovec> pieces, bool more);

inline iovec piece_of(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}

}  // namespace baton::proxy
