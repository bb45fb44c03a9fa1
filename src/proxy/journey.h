// A request's journey through the proxy, from the first byte of its head to its log line: the
// function that reads as the table of contents of this folder.
#pragma once

#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// What becomes of the client's connection.
enum class After : std::uint8_t {
  next,    // another request may follow
  close,   // nothing more will be read
  linger,  // close, but read for a while what the client is still sending, lest a reset destroys
           // the response on its way
};

runtime::Task<After> serve_request(Exchange& exchange);

// The phases of a request whose head is there: from `verdict`, what routing it came to, to the end
// of its response.
runtime::Task<void> find_answer(Exchange& exchange, Verdict verdict);

// Counts the request and writes its access log lines.
void log_request(Exchange& exchange);

}  // namespace baton::proxy
