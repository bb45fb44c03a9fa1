// client_body_*: where a request's body waits while it is read as a whole.
#pragma once

#include <cstddef>
#include <cstdint>

#include "config/model/temporary_path.h"

namespace baton::config {

struct ClientBodySettings {
  std::size_t buffer_bytes = 16384;  // what is larger goes to a file
  TemporaryPath temporary;
  enum class InFileOnly : std::uint8_t {
    off,
    clean,  // every body, for the time of the request
    on      // every body, and the files stay
  } in_file_only = InFileOnly::off;
};

}  // namespace baton::config
