// Lines of a configuration as others may see them: problems are told in journals, and in a status
// that people show each other.
#pragma once

#include <string>
#include <string_view>

namespace baton::config {

// The line with stars for what is secret in it: the word of auth_pass, keys of auth_hmac. As long
// as before, so that a caret below it points at the same word.
std::string without_secrets(std::string_view line);

}  // namespace baton::config
