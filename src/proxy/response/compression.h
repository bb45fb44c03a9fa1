// Which responses are compressed on their way to the client, and which are unpacked for it: nginx's
// gzip and gunzip filters as questions about a request and its response.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proxy/request.h"

namespace baton::proxy {

// The client takes gzip, and gzip_http_version, gzip_proxied and gzip_disable of the location allow
// it. The location has compression settings.
bool client_takes_gzip(const Request& request);

// The response as described so far (status, type, lines, `length` where known) wants gzip, if only
// the client takes it. `length` in bytes.
bool is_compressible(const Request& request, std::optional<std::uint64_t> length);

// The response, whose body is `length` bytes, will go out compressed: a range of it cannot be had.
bool will_be_compressed(const Request& request, std::optional<std::uint64_t> length);

// The response is gzip already and the client does not take it.
bool is_to_be_unpacked(const Request& request);

// What is said of a body that is changed on the way: ETag becomes weak, ranges and the length are
// gone.
void forget_exact_body(Request& request);

// The media type that lists of types are held against: without a charset, but with any other
// parameter.
std::string_view type_without_charset(std::string_view content_type);

}  // namespace baton::proxy
