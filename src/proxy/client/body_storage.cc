// Stored bodies end with their request.

#include "proxy/client/body_storage.h"

#include <unistd.h>

namespace baton::proxy {

StoredBody::~StoredBody() {
  if (removes_file) ::unlink(file.path.c_str());
}

}  // namespace baton::proxy
