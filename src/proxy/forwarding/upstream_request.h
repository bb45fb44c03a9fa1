// The request head as it is sent to an upstream server: proxy_set_header's lines, the framing, and
// the client's other lines without those that concern its own connection.
#pragma once

#include "proxy/exchange.h"

namespace baton::proxy {

// Fills exchange.upstream_request. A chunked body that is not stored goes to an HTTP/1.1 server.
void write_upstream_request(Exchange& exchange, const LocationPlan& plan);

// Appends the URI to ask for: as the client sent it, unless proxy_pass or an internal redirect
// changed it.
void append_upstream_uri(std::string& text, const Request& request, const config::ProxyPass& proxy);

// "http://10.0.0.1:80/path": the request as the error log names it.
std::string upstream_url(const Exchange& exchange, std::string_view server);

}  // namespace baton::proxy
