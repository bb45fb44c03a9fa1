// The version of nginx whose behaviour and configuration language baton speaks: what `-v`,
// $nginx_version and the Server line say.
#pragma once

#include <string_view>

namespace baton {

inline constexpr std::string_view nginx_version = "1.31.0";

}  // namespace baton
