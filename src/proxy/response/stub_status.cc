// The page, to the letter: scripts cut it to pieces by lines and columns.

#include "proxy/response/stub_status.h"

#include <fmt/format.h>

#include "proxy/client/connection_counts.h"

namespace baton::proxy {

Verdict answer_stub_status(Exchange& exchange) {
  Request& request = exchange.request;
  const http::Method method = request.head.method;
  if (method != http::Method::get && method != http::Method::head) return Verdict::error(405);
  const ConnectionCounts counts = exchange.services.connections->counts();
  request.response.status = 200;
  request.response.content_type = "text/plain";
  request.response.text = request.arena.store(
      fmt::format("Active connections: {} \n"
                  "server accepts handled requests\n"
                  " {} {} {} \n"
                  "Reading: {} Writing: {} Waiting: {} \n",
                  counts.active, counts.accepted, counts.handled, counts.requests, counts.reading,
                  counts.writing(), counts.waiting));
  return Verdict::respond();
}

}  // namespace baton::proxy
