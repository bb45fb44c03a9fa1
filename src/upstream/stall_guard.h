// The stall guard: a server that accepts requests and does not answer them, while its group
// answers, gets no new ones but a probe now and then. max_fails learns of such a server only by
// proxy_read_timeout, a minute late.
//
// The model. A server is silent since it answered last or, when it had nothing to do then, since
// it got something to do. Silence means nothing by itself: there are slow requests and long polls.
// So the guard asks how likely it is that a healthy server of this group has answered none of the
// requests that have been waiting for some time: the share of the group's recent answers that took
// at least that long (requests that wait elsewhere count as slow ones), to the power of their
// number. Below one in ten thousand, and only when another server has answered meanwhile, it is
// stalled. The first answer, also to a request that hangs there already, ends that.
//
// The guard is asked when a server is about to get a request, so it costs a comparison; judging
// happens when the silence is conspicuous. State is in ipc::PeerSlot, relaxed atomics throughout.
#pragma once

#include <span>

#include "base/time.h"
#include "ipc/shared_region.h"
#include "upstream/peer.h"

namespace baton::upstream {

// Silence below this is never conspicuous.
inline constexpr Duration stall_silence_min = 300ms;
// A stalled server is probed after this, then after twice as long each time, up to the second.
inline constexpr Duration stall_probe_first = 1s;
inline constexpr Duration stall_probe_longest = 30s;

inline bool is_stalled(const ipc::PeerSlot& slot) {
  return slot.stalled_since_ns.load(std::memory_order_relaxed) != 0;
}

// A request is on its way to the server.
void begin_waiting(ipc::PeerSlot& slot, Instant now);
// It was answered, `taken` after it was sent. True when this ended a stall.
bool end_waiting(ipc::PeerSlot& slot, Instant now, Duration taken);
// It ended without an answer.
void give_up_waiting(ipc::PeerSlot& slot);

// Whether judge_silence() should be asked.
inline bool is_conspicuous(const ipc::PeerSlot& slot, Instant now) {
  return slot.waiting.load(std::memory_order_relaxed) > 0 &&
         now.time_since_epoch().count() - slot.silent_since_ns.load(std::memory_order_relaxed) >=
             (stall_silence_min / 2).count();
}
// Looks at `suspect`, one of the group's `peers`. True when it is stalled now and was not before.
bool judge_silence(std::span<const Peer> peers, const Peer& suspect, Instant now);

// When a stalled server may get a request.
inline Instant stall_probe_due_at(const ipc::PeerSlot& slot) {
  return Instant(Duration(slot.stall_probe_ns.load(std::memory_order_relaxed)));
}
// True for exactly one caller each time that it is due.
bool claim_stall_probe(ipc::PeerSlot& slot, Instant now);

}  // namespace baton::upstream
