// The Basic scheme of the Authorization line (RFC 7617): base64 of "user:password".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace baton::http {

struct BasicCredentials {
  std::string user;
  std::string password;
};

// `value` of an Authorization line; nullopt when it is of another scheme, is not base64, or names
// no user.
std::optional<BasicCredentials> parse_basic_credentials(std::string_view value);

}  // namespace baton::http
