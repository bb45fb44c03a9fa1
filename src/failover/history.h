// What the failover process answers when it is asked for its history: the flights of the flight
// recorder (flight_recorder.h) as JSON. As in status.h the field names are a contract.
//
//   transitions         array, oldest first
//     number            counts from 1 since the failover process started
//     time, age_ms, instance, from, to, reason   as in status
//     old_master        address whose adverts were heard last; null when none was
//     silence_ms        how long it had been silent, milliseconds with decimals; null as above
//     outage_ms         takeovers: from the old master's last advert (or the takeover, when it was
//                       on time) until the own addresses were announced; null when not known
//     connections       moves from here and to here: object of kept (live on at the old node),
//                       moved (were at the new node already, since an earlier move), lost (cut),
//                       as known by now; null when nothing is known, each -1 likewise
//     timeline          array, oldest first, of
//       at_ms           relative to the transition, milliseconds with decimals, negative before
//       event           name of the kind: "advert_heard", "timer", "tracker", ...
//       address         null when it says nothing
//       priority        adverts only, else null
//       text            more about it; may be empty
//       timer_in_ms     when the router's timer was due then, from that moment on; null: not armed
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/time.h"

namespace baton::failover {

class FlightRecorder;

nlohmann::json history(const FlightRecorder& recorder, Instant now);

}  // namespace baton::failover
