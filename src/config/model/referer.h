// valid_referers: which Referer lines make $invalid_referer empty.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/model/variable.h"

namespace baton::config {

struct RefererSettings {
  bool none = false;     // no Referer line is fine
  bool blocked = false;  // one without http:// or https:// is fine
  bool server_names = false;
  // Names, to a place in `paths`: what the URI behind the name must begin with.
  ValueTable exact;
  ValueTable leading;   // "*.example.com" as "example.com"
  ValueTable trailing;  // "mail.*" as "mail"
  std::vector<std::string> paths;
  std::vector<std::string> patterns;  // for what is behind the scheme; case does not matter
};

}  // namespace baton::config
