// The value of `expires`, in the file or in a variable.
#pragma once

#include <optional>
#include <string_view>

#include "config/model/headers.h"

namespace baton::config::nginx {

struct ExpiresReading {
  std::optional<Expires> expires;
  std::string_view problem;  // where there is none: nginx's words
};

// "epoch", "max", "off", "@15h30m", "24h", "+1d", "-1"; `modified`: behind the word "modified".
ExpiresReading parse_expires(std::string_view text, bool modified);

}  // namespace baton::config::nginx
