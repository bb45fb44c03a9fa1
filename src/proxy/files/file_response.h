// The response to a request for an open file: type, validators, conditions, ranges.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "http/conditional.h"
#include "http/range.h"
#include "proxy/request.h"
#include "runtime/fd.h"

namespace baton::proxy {

// Content-Type of a path by its extension; "" for none. A view into the configuration.
std::string_view content_type_of(Request& request, std::string_view path);

// Fills request.response: 200, 206 (one part or multipart/byteranges) or 304; or an error verdict:
// 412, or 416 with Content-Range.
Verdict respond_with_file(Request& request, runtime::Fd file, std::uint64_t size_bytes,
                          WallTime modified);

// How the location holds If-Modified-Since against Last-Modified.
http::ModifiedSince modified_since_rule(const config::Location& location);

// Turns a complete 200 into a 304.
void become_not_modified(Request& request);

// The value of Content-Range for one part of a whole of `size_bytes`.
std::string_view content_range(Request& request, const http::ByteRange& range,
                               std::uint64_t size_bytes);

// Turns the response into what goes with an error(416).
void refuse_range(Request& request, std::uint64_t size_bytes);

// For a complete 200 of `size_bytes`: fills in response.file_parts with the whole, or makes it a
// 206 with what Range asks for, or error(416).
Verdict send_asked_ranges(Request& request, const http::Validators& validators,
                          std::uint64_t size_bytes);

}  // namespace baton::proxy
