// What is known of the upstream groups, for `baton status` and who scripts it: an array with one
// object per group, in the order of the file. Counters are over all threads and generations. The
// field names are a contract; new ones may be added, none renamed.
//
//   name                text: the group, or host:port of a proxy_pass that names one directly
//   implicit            true for the latter
//   alive               true when a request now would find a server
//   servers             array, in the order of the file
//     address           "192.168.175.121:80" or "unix:/path"
//     state             "up", "unavail" (out for failures), "stalled" (accepts and does not answer
//                       while others do), "draining", "down" (by configuration),
//                       "unhealthy" (by active checks), "checking" (not yet passed them)
//     backup            true for a backup server
//     weight            number
//     max_connections   number, 0 for no limit
//     requests          requests sent to it
//     active            requests that it works on now
//     failures          attempts that failed, ever
//     fails             failures that count against max_fails at present
//     times_unavailable how often it went out
//     unavailable_ms    for how long it has been out; null when it is not
//     times_stalled     how often the stall guard has taken it out
//     stalled_ms        since when; null when it is not
//     waiting           requests that it has and has not answered yet
//     health_checks     null without any; object: checks, fails, unhealthy (how often it went
//                       out), counters; last_passed: true, false, or null before the first
//     responses         object: "1xx" ... "5xx", counters
//     bytes_sent, bytes_received
//     header_time_ms, response_time_ms   means over all responses; null without any
//     last_request_ms   how long ago it was picked last; null when never
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/time.h"

namespace baton::upstream {

class Upstreams;

nlohmann::json status(const Upstreams& upstreams, Instant now);

}  // namespace baton::upstream
