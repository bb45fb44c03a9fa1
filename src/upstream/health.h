// Passive health of one server and the one rule of eligibility, for http and stream alike.
//
// As nginx counts (max_fails, fail_timeout): each failed attempt adds one to `fails`; at max_fails
// the server gets no requests. fail_timeout after the last failure or probe one request is let
// through (the probe); when it succeeds, `fails` starts at zero, when it fails, the wait starts
// again. Below max_fails a success clears the count only fail_timeout after the last failure.
// The state lives in ipc::PeerSlot, shared by all threads and generations; every function is a
// few relaxed atomics. The order between slots and the round robin's view of them is made by
// GroupSlot::version.
#pragma once

#include "base/time.h"
#include "ipc/shared_region.h"
#include "upstream/check_state.h"

namespace baton::upstream {

// What the configuration says about one server's health.
struct HealthRule {
  std::uint32_t max_fails = 1;  // 0: never unavailable by failures
  Duration fail_timeout = 10s;
  CheckRule checks;  // active ones
};

// False while failures or active checks keep the server out.
inline bool is_available(const ipc::PeerSlot& slot, const HealthRule& rule) {
  if (!passes_checks(slot.check_word, rule.checks)) return false;
  return rule.max_fails == 0 || slot.fails.load(std::memory_order_relaxed) < rule.max_fails;
}

// When the next probe of an unavailable server is due. Never while active checks keep it out.
Instant probe_due_at(const ipc::PeerSlot& slot, const HealthRule& rule);

// True for exactly one caller each time that a probe is due at `now`.
bool claim_probe(ipc::PeerSlot& slot, const HealthRule& rule, Instant now);

// A probe that learned nothing (the client went away): the next request may probe at once.
void give_back_probe(ipc::PeerSlot& slot, const HealthRule& rule, Instant now);

// To be called when an available server is picked: notes that fail_timeout has passed since the
// last failure, so that a success of this request clears the count.
void note_pick(ipc::PeerSlot& slot, const HealthRule& rule, Instant now);

// True when this failure made the server unavailable or kept it so.
bool record_failure(ipc::PeerSlot& slot, const HealthRule& rule, Instant now);

// True when this success made an unavailable server available.
bool record_success(ipc::PeerSlot& slot, const HealthRule& rule, Instant now);

// Counts one more active connection in `lane` unless `connections_max` (0: no limit) are active.
// Exact among the threads of a process; an older generation's connections count as well.
bool acquire_connection(ipc::PeerSlot& slot, std::uint32_t lane, std::uint32_t connections_max);

}  // namespace baton::upstream
