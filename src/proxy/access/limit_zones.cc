// Counting requests and connections.

#include "proxy/access/limit_zones.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "base/assert.h"
#include "config/model/limits.h"
#include "ipc/shared_region.h"

namespace baton::proxy {

namespace {

using ipc::KeyedState;
using ipc::KeyedStates;
using Kind = config::LimitZone::Kind;

constexpr std::string_view connections_prefix = "limit_conn ";
constexpr std::uint64_t one_request = 1000;

// States of another size or key, or of another purpose, are other states.
std::string piece_name(const config::LimitZone& zone) {
  const std::string_view prefix =
      zone.kind == Kind::connections ? connections_prefix : "limit_req ";
  return fmt::format("{}{} {} {}", prefix, zone.name, zone.size_bytes, zone.key.source);
}

std::int64_t milliseconds_of(Instant now) {
  return to_ms(now.time_since_epoch());
}

// What is in the bucket at `now_ms` with one more request in it.
std::uint64_t excess_at(const KeyedState::Requests& bucket, std::int64_t now_ms,
                        std::uint64_t rate_milli) {
  const auto passed =
      static_cast<std::uint64_t>(std::max<std::int64_t>(now_ms - bucket.last_ms, 0));
  const auto flown = static_cast<unsigned __int128>(rate_milli) * passed / 1000;
  const std::uint64_t filled = bucket.excess_milli + one_request;
  return flown >= filled ? 0 : filled - static_cast<std::uint64_t>(flown);
}

void fill(KeyedState::Requests& bucket, std::int64_t now_ms, std::uint64_t excess_milli) {
  bucket.excess_milli = excess_milli;
  // Threads read their clocks at different times: it never goes back.
  bucket.last_ms = std::max(bucket.last_ms, now_ms);
}

}  // namespace

Status name_limit_zones(ipc::SharedRegion& region, const config::Proxy& config,
                        std::uint64_t generation) {
  for (const auto& zone : config.limit_zones) {
    const auto piece = region.pieces().find_or_add(piece_name(*zone), zone->size_bytes, generation);
    if (!piece) return std::unexpected(piece.error());
    if (piece->is_new) KeyedStates::lay_out(piece->memory);
  }
  return {};
}

void clear_limit_lane(ipc::SharedRegion& region, std::uint32_t lane) {
  region.pieces().for_each([lane](std::string_view name, std::span<std::byte> memory) {
    if (name.starts_with(connections_prefix)) KeyedStates(memory).clear_lane(lane);
  });
}

LimitZones::LimitZones(const config::Proxy& config, ipc::SharedRegion& region,
                       std::uint64_t generation)
    : config_(config), lane_(static_cast<std::uint32_t>(generation % ipc::lanes_max)) {
  for (const auto& zone : config.limit_zones) {
    const std::span<std::byte> memory = region.pieces().find(piece_name(*zone));
    BATON_ASSERT(!memory.empty());
    states_.push_back(std::make_unique<KeyedStates>(memory));
  }
}

LimitZones::Fill LimitZones::look(std::uint32_t zone_index, const KeyHash& key, Instant now,
                                  std::uint64_t burst_milli, bool count) {
  const std::int64_t now_ms = milliseconds_of(now);
  KeyedStates::Lock lock(*states_[zone_index], key);
  KeyedState* const state = lock.find();
  if (!state) {
    // The first request ever leaves an empty bucket.
    KeyedState* const added = lock.add(true);
    if (added && count) fill(added->requests, now_ms, 0);
    return {};
  }
  Fill result;
  result.excess_milli = excess_at(state->requests, now_ms, zone(zone_index).rate_milli);
  result.exceeded = result.excess_milli > burst_milli;
  if (count && !result.exceeded) fill(state->requests, now_ms, result.excess_milli);
  return result;
}

std::uint64_t LimitZones::add(std::uint32_t zone_index, const KeyHash& key, Instant now) {
  const std::int64_t now_ms = milliseconds_of(now);
  KeyedStates::Lock lock(*states_[zone_index], key);
  KeyedState* const state = lock.find();
  if (!state) return 0;  // it has made room for another one since look()
  const std::uint64_t excess = excess_at(state->requests, now_ms, zone(zone_index).rate_milli);
  fill(state->requests, now_ms, excess);
  return excess;
}

LimitZones::Entry LimitZones::enter(std::uint32_t zone_index, const KeyHash& key,
                                    std::uint32_t most) {
  KeyedStates::Lock lock(*states_[zone_index], key);
  KeyedState* state = lock.find();
  if (!state) state = lock.add(false);
  if (!state) return Entry::no_room;
  const auto& open = state->connections;
  if (std::accumulate(std::begin(open), std::end(open), std::uint64_t{0}) >= most) {
    return Entry::exceeded;
  }
  ++state->connections[lane_];
  return Entry::entered;
}

void LimitZones::leave(std::uint32_t zone_index, const KeyHash& key) {
  KeyedStates::Lock lock(*states_[zone_index], key);
  KeyedState* const state = lock.find();
  // A shard that had to be emptied has forgotten it.
  if (!state || state->connections[lane_] == 0) return;
  --state->connections[lane_];
  const auto& open = state->connections;
  if (std::ranges::all_of(open, [](std::uint32_t n) { return n == 0; })) lock.remove(*state);
}

}  // namespace baton::proxy
