// The lines that the location adds to a response: expires, add_header, the charset of its type;
// and add_trailer behind the body.
#pragma once

#include <string>

#include "http/conditional.h"
#include "proxy/request.h"

namespace baton::proxy {

// expires and add_header, for a response whose status is known.
void add_configured_headers(Request& request);

// Gives Content-Type the location's charset, where the type wants one and has none.
void add_charset(Request& request);

// The response ends in lines of add_trailer.
bool wants_trailers(const Request& request);
// Their text, with their values of now.
void append_trailers(std::string& into, const Request& request);

// What the body that is to be sent will say of itself: `validators`, or what add_header puts in
// their place. Ranges are asked of that.
http::Validators sent_validators(Request& request, http::Validators validators);

}  // namespace baton::proxy
