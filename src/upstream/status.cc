// Reading the shared slots.

#include "upstream/status.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "upstream/stall_guard.h"
#include "upstream/upstreams.h"

namespace baton::upstream {

namespace {

using nlohmann::json;

constexpr auto relaxed = std::memory_order_relaxed;

// Age of a time in a slot; null for 0, which means "never".
json age_ms(std::int64_t since_ns, Instant now) {
  if (since_ns == 0) return nullptr;
  return std::max<std::int64_t>(0, to_ms(now - Instant(Duration(since_ns))));
}

json mean_ms(std::uint64_t sum_ns, std::uint64_t count) {
  if (count == 0) return nullptr;
  const std::uint64_t mean_us = sum_ns / count / 1000;
  return static_cast<double>(mean_us) / 1000.0;
}

const char* state_of(const Peer& peer) {
  if (peer.down) return "down";
  const CheckState checked = check_state(peer.shared->check_word.load(relaxed), peer.health.checks);
  if (checked == CheckState::unhealthy) return "unhealthy";
  if (checked == CheckState::checking) return "checking";
  if (!is_available(*peer.shared, peer.health)) return "unavail";
  if (is_stalled(*peer.shared)) return "stalled";
  return peer.draining ? "draining" : "up";
}

json checks_status(const Peer& peer) {
  const ipc::PeerSlot& slot = *peer.shared;
  if (peer.health.checks.masks.checks == 0) return nullptr;
  const std::uint64_t checks = slot.checks.load(relaxed);
  return {{"checks", checks},
          {"fails", slot.checks_failed.load(relaxed)},
          {"unhealthy", slot.times_unhealthy.load(relaxed)},
          {"last_passed", checks > 0 ? json(slot.check_passed_last.load(relaxed)) : json()}};
}

json server_status(const Peer& peer, Instant now) {
  const ipc::PeerSlot& slot = *peer.shared;
  json responses = json::object();
  std::uint64_t count = 0;
  static constexpr const char* classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 0; i < std::size(classes); ++i) {
    const std::uint64_t of_class = slot.responses[i].load(relaxed);
    responses[classes[i]] = of_class;
    count += of_class;
  }
  const std::int64_t out_since_ns = slot.unavailable_since_ns.load(relaxed);
  const bool out = !is_available(slot, peer.health);
  return {
      {"address", peer.name},
      {"state", state_of(peer)},
      {"backup", peer.backup},
      {"weight", peer.weight},
      {"max_connections", peer.connections_max},
      {"requests", slot.requests.load(relaxed)},
      {"active", std::max(0, slot.active_total())},
      {"failures", slot.failures.load(relaxed)},
      {"fails", slot.fails.load(relaxed)},
      {"times_unavailable", slot.times_unavailable.load(relaxed)},
      {"unavailable_ms", out ? age_ms(out_since_ns, now) : json()},
      {"health_checks", checks_status(peer)},
      {"times_stalled", slot.times_stalled.load(relaxed)},
      {"stalled_ms", age_ms(slot.stalled_since_ns.load(relaxed), now)},
      {"waiting", std::max(0, slot.waiting.load(relaxed))},
      {"responses", std::move(responses)},
      {"bytes_sent", slot.bytes_sent.load(relaxed)},
      {"bytes_received", slot.bytes_received.load(relaxed)},
      {"header_time_ms", mean_ms(slot.header_time_ns.load(relaxed), count)},
      {"response_time_ms", mean_ms(slot.response_time_ns.load(relaxed), count)},
      {"last_request_ms", age_ms(slot.last_picked_ns.load(relaxed), now)},
  };
}

}  // namespace

json status(const Upstreams& upstreams, Instant now) {
  json groups = json::array();
  for (std::uint32_t i = 0; i < upstreams.size(); ++i) {
    const Group& group = upstreams.group(i);
    json servers = json::array();
    for (const Peer& peer : group.peers()) servers.push_back(server_status(peer, now));
    groups.push_back({{"name", group.config().name},
                      {"implicit", group.config().implicit},
                      {"alive", group.alive(now)},
                      {"servers", std::move(servers)}});
  }
  return groups;
}

}  // namespace baton::upstream
