// Writing the response's head for the client, in nginx's words and order, and deciding how the body
// is framed and whether the connection goes on.
#pragma once

#include <string>
#include <string_view>

#include "http/head.h"
#include "proxy/exchange.h"

namespace baton::proxy {

// What a response body of kind `kind` needs towards this client; sets response.content_length,
// exchange.chunked and request.keep_alive accordingly.
void choose_framing(Exchange& exchange, const http::Framing& framing);

// False when the connection must end after this response, whatever the client wishes.
bool may_keep_alive(const Exchange& exchange);

// Fills exchange.head_text from request.response, which has all its lines; framing has been chosen
// before.
void write_response_head(Exchange& exchange);

// True when a response with this status to this request has no body on the wire.
bool is_bodyless(const Request& request);

// Adds a line that follows the fixed ones.
void add_response_header(Request& request, std::string_view name, std::string_view value);

// Appends a header's value with its variables; control characters that a decoded variable brought
// in become blanks, so that no value can end its line.
void append_header_value(std::string& into, const config::TemplateText& text,
                         const Request& request);

// "nginx/1.31.0" or "nginx": what the Server line and the built-in pages say.
std::string_view server_token(const config::Location& location);

}  // namespace baton::proxy
