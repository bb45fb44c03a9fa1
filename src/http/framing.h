// Where a message ends, and whether its head may be believed (RFC 9112 sections 3.2, 6 and 9.3).
// Every head that two servers could read in two ways is refused; the answers are nginx's.
#pragma once

#include <optional>

#include "http/head.h"

namespace baton::http {

// Fills in framing, host, keep_alive, expects_continue and wants_upgrade of a head whose lines are
// parsed, and marks hop-by-hop lines. A value: it must be refused.
std::optional<Refusal> judge_request(RequestHead& head);

// The same for a response to a request with `request_method`: framing, keep_alive, hop-by-hop.
std::optional<Refusal> judge_response(ResponseHead& head, Method request_method);

// The host of "host:port" (RFC 3986 section 3.2.2), without a dot at its end; nullopt when it is
// not one. "" gives "".
std::optional<std::string_view> host_of(std::string_view authority);

// Content-Length's value: digits only, no sign, no list.
std::optional<std::uint64_t> parse_content_length(std::string_view value);

}  // namespace baton::http
