// A request as a FastCGI server gets it: the parameters of the configuration, and the client's
// header lines as HTTP_NAME.
#pragma once

#include <string>
#include <string_view>

#include "proxy/exchange.h"

namespace baton::proxy {

// Fills exchange.upstream_request with everything up to the body (STDIN).
void write_fastcgi_request(Exchange& exchange);

// "fastcgi://127.0.0.1:9000": the server as the error log names it.
std::string fastcgi_url(std::string_view server);

}  // namespace baton::proxy
