// ssi and its family.
#pragma once

#include <cstdint>

#include "config/model/mime_set.h"

namespace baton::config {

struct SsiSettings {
  bool enabled = false;
  bool silent_errors = false;
  bool keeps_last_modified = false;
  std::size_t value_bytes_max = 256;
  MimeSet types{false, {"text/html"}};
};

}  // namespace baton::config
