// Who is told of proxy generations: the failover process of this tree, or, when nginx and
// keepalived were started separately, that of the other tree (failover_link.h).
#pragma once

#include <cstdint>

#include "runtime/fd.h"

namespace baton::supervisor {

class PulseReceiver {
 public:
  // Generation `number` serves. `page` and `life` as in ipc/pulse.h.
  virtual void attach(std::uint64_t number, runtime::Fd page, runtime::Fd life) = 0;
  // Generation `number` ends as planned; `last` when none follows.
  virtual void retire(std::uint64_t number, bool last) = 0;

 protected:
  ~PulseReceiver() = default;
};

}  // namespace baton::supervisor
