// Base64 (RFC 4648): the ordinary alphabet to write, the one for URLs to read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace baton {

// With "=" at the end.
std::string encode_base64(std::string_view bytes);
// Padding may lack; what comes behind it is not looked at. nullopt: a character that is not of the
// alphabet.
std::optional<std::string> decode_base64(std::string_view text);
// The same in the alphabet for URLs ("-" and "_").
std::optional<std::string> decode_base64_url(std::string_view text);

}  // namespace baton
