// Clients that did not wait.

#include "proxy/client_pause.h"

namespace baton::proxy {

Verdict client_went_away(Exchange& exchange) {
  Request& request = exchange.request;
  exchange.services.error_log.write(LogLevel::info, request,
                                    "client prematurely closed connection");
  request.response.status = 499;
  request.keep_alive = false;
  exchange.silent = true;
  return Verdict::respond();
}

}  // namespace baton::proxy
