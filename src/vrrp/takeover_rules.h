// What an operator asks of a node before it may take over, beyond VRRP: a second heartbeat path, a
// witness, a link that receives. All off: the machine is VRRP's alone.
#pragma once

#include "base/time.h"

namespace baton::vrrp {

struct TakeoverRules {
  bool second_path = false;            // reports are exchanged on another path
  Duration heartbeat_interval = 50ms;  // of our reports
  bool witness = false;                // one must answer before a takeover
  Duration witness_timeout = 1s;       // a question that is not answered by then is answered no
  Duration link_wait = 0s;  // how long, at most, a link that receives nothing is waited for

  [[nodiscard]] bool active() const { return second_path || witness || link_wait > 0s; }
  friend bool operator==(const TakeoverRules&, const TakeoverRules&) = default;
};

}  // namespace baton::vrrp
