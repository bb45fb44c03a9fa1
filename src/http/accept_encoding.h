// Accept-Encoding (RFC 9110 section 12.5.3), read as nginx reads it: looks for gzip by name only,
// so that "*" asks for nothing.
#pragma once

#include <string_view>

namespace baton::http {

// True when the value names gzip without a weight of zero. A weight that is not one ("q=2",
// "q=0.1234") counts as zero.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace baton::http
