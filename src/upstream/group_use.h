// Holding on to a group that may be replaced or forgotten while requests use it: one thread's
// reference to it, with that thread's view of its servers.
#pragma once

#include <cstdint>
#include <memory>

#include "upstream/group.h"

namespace baton::upstream {

struct GroupUse {
  std::shared_ptr<Group> group;
  CachedView view;
  std::uint32_t number = 0;  // as in config::ProxyPass::upstream, or of a target
};

// Null for groups that stay as long as the process.
using GroupHold = std::shared_ptr<GroupUse>;

}  // namespace baton::upstream
