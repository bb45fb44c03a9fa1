// The versions of nginx and keepalived whose behaviour and configuration language baton speaks:
// what `-v`, $nginx_version, the Server line and keepalived's first log line say.
#pragma once

#include <string_view>

namespace baton {

inline constexpr std::string_view nginx_version = "1.31.0";
inline constexpr std::string_view keepalived_version = "2.4.3";

}  // namespace baton
