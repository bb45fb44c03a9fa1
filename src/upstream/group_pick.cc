// How a pick ends, and what its server's counters learn from it.

#include <algorithm>
#include <utility>

#include "upstream/group.h"
#include "upstream/stall_guard.h"

namespace baton::upstream {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

// A moving mean of which the latest value is an eighth.
void take_into_mean(std::atomic<std::int64_t>& mean_ns, Duration value) {
  const std::int64_t before = mean_ns.load(relaxed);
  const std::int64_t latest = std::max<std::int64_t>(1, value.count());
  mean_ns.store(before == 0 ? latest : before + (latest - before) / 8, relaxed);
}

}  // namespace

Pick::Pick(Pick&& other) noexcept
    : group_(std::exchange(other.group_, nullptr)),
      peer_(other.peer_),
      picked_at_(other.picked_at_),
      asked_at_(other.asked_at_),
      probe_(other.probe_),
      waiting_(other.waiting_) {}

Pick& Pick::operator=(Pick&& other) noexcept {
  std::swap(group_, other.group_);
  std::swap(peer_, other.peer_);
  std::swap(picked_at_, other.picked_at_);
  std::swap(asked_at_, other.asked_at_);
  std::swap(probe_, other.probe_);
  std::swap(waiting_, other.waiting_);
  return *this;
}

void Pick::await_answer(Instant now) {
  if (waiting_ || !group_) return;
  waiting_ = true;
  asked_at_ = now;
  begin_waiting(*peer_->shared, now);
}

bool Pick::answered(Instant now) {
  if (!waiting_ || !group_) return false;
  waiting_ = false;
  const bool ended_stall = end_waiting(*peer_->shared, now, now - asked_at_);
  if (ended_stall) group_->server_is_back();
  return ended_stall;
}

bool Pick::end() {
  if (!group_) return false;
  if (std::exchange(waiting_, false)) give_up_waiting(*peer_->shared);
  const std::int32_t before = peer_->shared->active[group_->lane_].fetch_sub(1, relaxed);
  group_->released(*peer_, before);
  return true;
}

bool Pick::succeed(Instant now) {
  if (!end()) return false;
  Group& group = *std::exchange(group_, nullptr);
  const bool back = record_success(*peer_->shared, peer_->health, now);
  if (back) group.server_is_back();
  return back;
}

bool Pick::fail(Instant now) {
  if (!end()) return false;
  Group& group = *std::exchange(group_, nullptr);
  const bool out = record_failure(*peer_->shared, peer_->health, now);
  group.failed(*peer_, out);
  return out;
}

void Pick::abandon() {
  if (!end()) return;
  Group& group = *std::exchange(group_, nullptr);
  if (!probe_ || is_available(*peer_->shared, peer_->health)) return;
  give_back_probe(*peer_->shared, peer_->health, picked_at_);
  group.eligibility_changed();
}

void Pick::count_response(int status, Duration header_time, Duration response_time) {
  ipc::PeerSlot& slot = *peer_->shared;
  const int status_class = std::clamp(status / 100, 1, 5);
  slot.responses[status_class - 1].fetch_add(1, relaxed);
  slot.header_time_ns.fetch_add(static_cast<std::uint64_t>(header_time.count()), relaxed);
  slot.response_time_ns.fetch_add(static_cast<std::uint64_t>(response_time.count()), relaxed);
  take_into_mean(slot.mean_header_ns, header_time);
  take_into_mean(slot.mean_response_ns, response_time);
}

void Pick::count_bytes(std::uint64_t sent, std::uint64_t received) {
  peer_->shared->bytes_sent.fetch_add(sent, relaxed);
  peer_->shared->bytes_received.fetch_add(received, relaxed);
}

}  // namespace baton::upstream
