// Sessions that servers began (`sticky learn`): which server a session is bound to, in a zone of
// shared memory that outlives a generation of the proxy. What is kept of a session is a keyed hash
// of its name, of the server a mark of its route, so that a reload that moves servers about does
// not confuse them. The session that was used longest ago makes room in a full zone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "config/model/balance.h"
#include "ipc/keyed_states.h"
#include "ipc/shared_region.h"

namespace baton::upstream {

// Stands for a route (Peer::route) in shared memory; never 0.
std::uint64_t route_mark(std::string_view route);

class Sessions {
 public:
  // The zone of a group with `sticky learn`. The supervisor names it before it forks.
  static Status name_zone(ipc::SharedRegion& region, const config::Sticky& sticky,
                          std::uint64_t generation);
  // The zone has been named.
  Sessions(ipc::SharedRegion& region, const config::Sticky& sticky);

  // The mark of the session's server; 0 when the session is unknown or too old.
  [[nodiscard]] std::uint64_t find(std::string_view session, Instant now);
  // The session was served by the server of `mark`, and lives on. One that is unknown is added
  // only when `create`.
  void bind(std::string_view session, std::uint64_t mark, bool create, Instant now);

 private:
  ipc::KeyedStates states_;
  std::int64_t timeout_ms_;
};

}  // namespace baton::upstream
