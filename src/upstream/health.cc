// Counting failures, probes and active connections in the shared slot.

#include "upstream/health.h"

namespace baton::upstream {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

std::int64_t nanoseconds(Instant instant) {
  return instant.time_since_epoch().count();
}

}  // namespace

Instant probe_due_at(const ipc::PeerSlot& slot, const HealthRule& rule) {
  if (!passes_checks(slot.check_word, rule.checks)) return never;
  return Instant(Duration(slot.checked_ns.load(relaxed))) + rule.fail_timeout;
}

bool claim_probe(ipc::PeerSlot& slot, const HealthRule& rule, Instant now) {
  std::int64_t checked_ns = slot.checked_ns.load(relaxed);
  if (now < Instant(Duration(checked_ns)) + rule.fail_timeout) return false;
  return slot.checked_ns.compare_exchange_strong(checked_ns, nanoseconds(now), relaxed);
}

void give_back_probe(ipc::PeerSlot& slot, const HealthRule& rule, Instant now) {
  slot.checked_ns.store(nanoseconds(now - rule.fail_timeout), relaxed);
}

void note_pick(ipc::PeerSlot& slot, const HealthRule& rule, Instant now) {
  if (slot.fails.load(relaxed) == 0) return;
  if (now > probe_due_at(slot, rule)) slot.checked_ns.store(nanoseconds(now), relaxed);
}

bool record_failure(ipc::PeerSlot& slot, const HealthRule& rule, Instant now) {
  slot.failures.fetch_add(1, relaxed);
  slot.accessed_ns.store(nanoseconds(now), relaxed);
  slot.checked_ns.store(nanoseconds(now), relaxed);
  const std::uint32_t fails = slot.fails.fetch_add(1, relaxed) + 1;
  if (rule.max_fails == 0 || fails < rule.max_fails) return false;
  if (fails == rule.max_fails) {
    slot.times_unavailable.fetch_add(1, relaxed);
    slot.unavailable_since_ns.store(nanoseconds(now), relaxed);
  }
  return true;
}

bool record_success(ipc::PeerSlot& slot, const HealthRule& rule, Instant now) {
  std::uint32_t fails = slot.fails.load(relaxed);
  if (fails == 0 || slot.accessed_ns.load(relaxed) >= slot.checked_ns.load(relaxed)) return false;
  // Only the one that finds the count unchanged clears it: a failure in between is not forgotten.
  if (!slot.fails.compare_exchange_strong(fails, 0, relaxed)) return false;
  slot.unavailable_since_ns.store(0, relaxed);
  if (rule.max_fails == 0 || fails < rule.max_fails) return false;
  slot.recovered_ns.store(nanoseconds(now), relaxed);
  return true;
}

bool acquire_connection(ipc::PeerSlot& slot, std::uint32_t lane, std::uint32_t connections_max) {
  if (connections_max == 0) {
    slot.active[lane].fetch_add(1, relaxed);
    return true;
  }
  std::int32_t own = slot.active[lane].load(relaxed);
  while (true) {
    const std::int32_t others = slot.active_total() - slot.active[lane].load(relaxed);
    if (own + others >= static_cast<std::int32_t>(connections_max)) return false;
    if (slot.active[lane].compare_exchange_weak(own, own + 1, relaxed)) return true;
  }
}

}  // namespace baton::upstream
