// The response to a request for an open file: type, validators, conditions, ranges.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "proxy/request.h"
#include "runtime/fd.h"

namespace baton::proxy {

// Content-Type of a path by its extension; "" for none. A view into the configuration.
std::string_view content_type_of(Request& request, std::string_view path);

// Fills request.response: 200, 206 (one part or multipart/byteranges) or 304; or an error verdict:
// 412, or 416 with Content-Range.
Verdict respond_with_file(Request& request, runtime::Fd file, std::uint64_t size_bytes,
                          WallTime modified);

}  // namespace baton::proxy
