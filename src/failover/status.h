// What the failover process answers to a status_request: one JSON object. The field names are a
// contract with `baton status` and with whoever scripts `baton status --json`; new ones may be
// added, none renamed. Times of day are ISO 8601 in UTC with milliseconds, ages and durations are
// whole milliseconds of the monotonic clock.
//
//   pid                 number
//   router_id           text
//   proxy               object
//     tracked           true when the proxy's health decides over the addresses
//     state             "alive", "restarting" (gone, within the grace), "dead", "hung",
//                       "absent" (never announced itself)
//     generation        number of the newest proxy generation, 0 without one
//     age_ms            how long in this state
//     upstream_groups, upstream_groups_dead   numbers; reported, never a reason to fail over
//   pair                object: the pair link (pair_link.h)
//     enabled           true with pair_key and pair_peer
//     peers             array, in the order of the file
//       address, port   of its pair_peer line
//       name            its router_id; null until it was heard
//       up              true while there is a link
//       age_ms          how long it has been up, or not
//       problem         why it is not up; null while it is
//       messages_in, messages_out, connections   counters
//   handovers           object (handovers.h)
//     running           array of: given (true: from here), instances, peer, state ("offering",
//                       "moving", "serving" / "prepared", "catching", "forwarding", "leaving"),
//                       connections, age_ms
//     past              the last 20: given, instances, peer, ok, problem, connections, took_ms,
//     age_ms
//   scripts             array, in the order of the file
//     name              text
//     state             "up", "down", "unknown" (no result yet)
//     running           true while a run is under way
//     runs, failures    counters
//     last_result       "exited with status 1", "timed out", ...; null before the first
//     last_run_ms       how long the last run took; null before the first
//     last_age_ms       how long ago it ended; null before the first
//   track_files         array: name, file, value, problem (null, or why it cannot be read)
//   track_processes     array: name, state ("up", "down"), processes (how many are there), quorum,
//                       method ("events" of the kernel, or "scan" of /proc)
//   static              object: addresses (array of address, device, held), routes (as below)
//   second_path         object, null without one: authenticated (true/false), dropped: object of
//                       reports that were not believed: malformed, unsigned, keyless, wrong_code,
//                       unanswering, stale, repeated; ways: text; silent_ms: number, 0 unless
//                       nothing is heard for some seconds
//   instances           array, in the order of the file
//     name, interface   text
//     virtual_router_id, version   numbers
//     state             "INIT", "BACKUP", "MASTER", "FAULT", "STOPPED"
//     yielding          true after priority 0 was sent and before the address is released
//     passed            true: handed to another node, which is not preempted while it lives
//     since             when this state began
//     age_ms            how long ago that was
//     reason            why the last transition happened, for people
//     source            the address that adverts are sent from; null when there is none
//     master            address of the current master (own one when MASTER); null when unknown
//     master_priority   its priority; null when unknown
//     unicast_peers     array of addresses, empty for multicast
//     advert_interval_ms, preempt (true/false)
//     authentication      "none", "PASS", "AH" (auth_type) or "HMAC" (auth_hmac)
//     sync_group          name of the group it moves with; null when it is in none
//     faults            array of texts: what keeps it in FAULT
//     last_advert_age_ms  how long ago an advert of another node was heard; null: never
//     held_back         text: why it does not take over although its master is silent; else null
//     conflict          text: which address another host holds as well, and which one; else null
//     mismatches        array, what does not fit another node: keyword, from (which node), text,
//                       ours, theirs ("FILE:LINE: text"; may be empty), count, age_ms, last_ms
//     second_path       object, null without one: heartbeat_interval_ms, peers: array of
//       source, name, state, yielding, priority, base_priority, preempt   as the peer says
//       hears_adverts   false: it holds back because only the second path tells it of a master
//       sees            its witness answers, or its link receives
//       alive           its reports are on time
//       age_ms          how long ago the last one came
//     witness           object, null without one: reachable (null: not asked yet), detail,
//                       age_ms of the last answer
//     priority          object: base, effective, parts: array of
//       tracker         "script NAME", "interface NAME", "file NAME", "process NAME",
//                       "track_group NAME", "proxy", "source address"
//       state           "up", "down", "unknown"
//       contribution    number added to the base
//       fault           true when it puts the instance into FAULT now
//     adverts           object: in, out, bad, bad_by_cause (object, cause -> count),
//                       address_list_differs, priority_zero_in, priority_zero_out
//     vmac              array of the interfaces with virtual MACs: interface, parent, mac
//     routes            array of what is held now: what ("route ...", "rule ..."), tracked, held
//     became_master, released_master   counters
//     addresses         array of: address ("192.168.175.100/32"), device, advertised (true/false),
//                       held (true when it is on the device now)
//   sync_groups         array, in the order of the file
//     name              text
//     state             as of instances; FAULT when one member is, MASTER when all are
//     members           array of names
//   transitions         array, oldest first, at most the last 20: time, age_ms, instance,
//                       from, to, reason, outage_ms (as in history.h)
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/time.h"

namespace baton::failover {

class NodeView;

// "2026-11-22T21:00:00.123Z"
std::string iso_time(WallTime time);

nlohmann::json status(const NodeView& node, Instant now, WallTime wall_now);

}  // namespace baton::failover
