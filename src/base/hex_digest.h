// Digests as text.
#pragma once

#include <string>
#include <string_view>

namespace baton {

// The MD5 of `text` (RFC 1321) in 32 lower-case hexadecimal digits: a name for things that others
// know by it, no protection.
std::string md5_text(std::string_view text);

}  // namespace baton
