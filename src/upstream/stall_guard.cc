// Counting answers by their time, and judging silence.

#include "upstream/stall_guard.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace baton::upstream {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr double chance_min = 1e-4;
constexpr std::size_t others_max = 256;     // looked at in a large group
constexpr std::uint32_t answers_max = 512;  // in one class; then all are halved: recent ones count
constexpr double own_answers_min = 8;

std::int64_t nanoseconds(Instant instant) {
  return instant.time_since_epoch().count();
}

// Class 0: below 1 ms; class n: below 2^n ms; the last one: all the rest.
std::size_t class_of(Duration time) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_ms(time)));
  return std::min<std::size_t>(std::bit_width(ms), ipc::answer_time_classes - 1);
}

// Plain adding: now and then one of two threads' answers is lost, which a share does not notice.
void count_answer(ipc::PeerSlot& slot, Duration taken) {
  auto& classes = slot.answers_by_time;
  auto& mine = classes[class_of(taken)];
  const std::uint32_t count = mine.load(relaxed) + 1;
  mine.store(count, relaxed);
  if (count < answers_max) return;
  for (auto& each : classes) each.store(each.load(relaxed) / 2, relaxed);
}

struct Answers {
  double all = 0;
  double slow = 0;  // as long as the time asked for, or longer

  void add(const ipc::PeerSlot& slot, Duration time) {
    const std::size_t first_slow = class_of(time);
    for (std::size_t i = 0; i < std::size(slot.answers_by_time); ++i) {
      const double count = slot.answers_by_time[i].load(relaxed);
      all += count;
      if (i >= first_slow) slow += count;
    }
  }
  [[nodiscard]] double slow_share() const { return (slow + 1) / (all + 2); }
};

// Whether anybody else has answered since `silent_since_ns`, and how the others' answers were.
bool ask_others(std::span<const Peer> peers, const Peer& suspect, Duration waited, Answers& into) {
  const std::int64_t silent_since_ns = suspect.shared->silent_since_ns.load(relaxed);
  bool answering = false;
  const std::size_t count = std::min(peers.size() - 1, others_max);
  for (std::size_t i = 1; i <= count; ++i) {
    const Peer& other = peers[(suspect.index + i) % peers.size()];
    const ipc::PeerSlot& slot = *other.shared;
    into.add(slot, waited);
    if (is_stalled(slot)) continue;
    const double waiting = std::max(0, slot.waiting.load(relaxed));
    into.all += waiting;
    into.slow += waiting;
    answering = answering || (other.in_service() && is_available(slot, other.health) &&
                              slot.answered_ns.load(relaxed) > silent_since_ns);
  }
  return answering;
}

}  // namespace

void begin_waiting(ipc::PeerSlot& slot, Instant now) {
  if (slot.waiting.fetch_add(1, relaxed) <= 0) {
    slot.silent_since_ns.store(nanoseconds(now), relaxed);
  }
}

bool end_waiting(ipc::PeerSlot& slot, Instant now, Duration taken) {
  slot.waiting.fetch_sub(1, relaxed);
  slot.silent_since_ns.store(nanoseconds(now), relaxed);
  slot.answered_ns.store(nanoseconds(now), relaxed);
  count_answer(slot, taken);
  return is_stalled(slot) && slot.stalled_since_ns.exchange(0, relaxed) != 0;
}

void give_up_waiting(ipc::PeerSlot& slot) {
  slot.waiting.fetch_sub(1, relaxed);
}

bool judge_silence(std::span<const Peer> peers, const Peer& suspect, Instant now) {
  ipc::PeerSlot& slot = *suspect.shared;
  const auto watch_from_now = [&] {
    slot.suspect_ns.store(nanoseconds(now), relaxed);
    slot.suspect_waiting.store(static_cast<std::uint32_t>(std::max(0, slot.waiting.load(relaxed))),
                               relaxed);
  };
  const std::int64_t silent_since_ns = slot.silent_since_ns.load(relaxed);
  const std::int64_t watched_since_ns = slot.suspect_ns.load(relaxed);
  if (watched_since_ns <= silent_since_ns) {
    watch_from_now();
    return false;
  }
  const Duration silence(nanoseconds(now) - silent_since_ns);
  // All requests that waited when the watch began have been waiting at least for this long.
  const Duration waited(nanoseconds(now) - watched_since_ns);
  if (silence < stall_silence_min || waited < stall_silence_min / 2) return false;
  Answers others;
  Answers own;
  const bool answering = ask_others(peers, suspect, waited, others);
  own.add(slot, waited);
  double slow_share = others.slow_share();
  if (own.all >= own_answers_min) slow_share = std::max(slow_share, own.slow_share());
  const double chance = std::pow(slow_share, slot.suspect_waiting.load(relaxed));
  if (!answering || chance > chance_min) {
    if (waited > silence / 2) watch_from_now();
    return false;
  }
  std::int64_t answers = 0;
  if (!slot.stalled_since_ns.compare_exchange_strong(answers, nanoseconds(now), relaxed)) {
    return false;
  }
  slot.stall_probes.store(0, relaxed);
  slot.stall_probe_ns.store(nanoseconds(now + stall_probe_first), relaxed);
  slot.times_stalled.fetch_add(1, relaxed);
  return true;
}

bool claim_stall_probe(ipc::PeerSlot& slot, Instant now) {
  std::int64_t due_ns = slot.stall_probe_ns.load(relaxed);
  if (nanoseconds(now) < due_ns) return false;
  const std::uint32_t probes = std::min(slot.stall_probes.load(relaxed), 8u);
  const Duration pause = std::min(stall_probe_first * (2 << probes), stall_probe_longest);
  if (!slot.stall_probe_ns.compare_exchange_strong(due_ns, nanoseconds(now + pause), relaxed)) {
    return false;
  }
  slot.stall_probes.fetch_add(1, relaxed);
  return true;
}

}  // namespace baton::upstream
