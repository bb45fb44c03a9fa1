// Where a request's body is kept that was read as a whole (stored_body.h): in memory, or in a
// temporary file.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/client/temporary_file.h"

namespace baton::proxy {

struct StoredBody {
  std::string memory;  // everything, unless there is a file
  TemporaryFile file;
  bool removes_file = false;  // its name goes with this
  std::uint64_t size = 0;

  StoredBody() = default;
  StoredBody(const StoredBody&) = delete;
  StoredBody& operator=(const StoredBody&) = delete;
  ~StoredBody();
  [[nodiscard]] bool in_file() const { return static_cast<bool>(file.fd); }
};

}  // namespace baton::proxy
