// mirror: requests are repeated elsewhere, and what comes back is thrown away.
#pragma once

#include <string>
#include <vector>

namespace baton::config {

struct MirrorSettings {
  std::vector<std::string> uris;  // empty: off
  bool with_body = true;          // mirror_request_body
};

}  // namespace baton::config
