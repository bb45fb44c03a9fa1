// Text of listen addresses.

#include "config/model/proxy.h"

namespace baton::config {

std::string ListenAddress::text() const {
  return unix_path.empty() ? endpoint.text() : "unix:" + unix_path;
}

}  // namespace baton::config
