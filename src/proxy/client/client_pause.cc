// Clients that did not wait.

#include "proxy/client/client_pause.h"

namespace baton::proxy {

runtime::Task<bool> pause(Exchange& exchange, Duration duration) {
  if (!exchange.watches_client) {
    const Status slept = co_await exchange.loop().sleep_for(duration);
    co_return slept.has_value();
  }
  co_return co_await ClientPause(exchange, duration);
}

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
