// Looking sessions up and keeping them.

#include "upstream/sessions.h"

#include <fmt/format.h>

#include <functional>

#include "base/assert.h"

namespace baton::upstream {

namespace {

std::string piece_name(const config::Sticky& sticky) {
  return fmt::format("sticky/{}:{}", sticky.zone, sticky.zone_bytes);
}

std::int64_t milliseconds(Instant instant) {
  return to_ms(instant.time_since_epoch());
}

}  // namespace

std::uint64_t route_mark(std::string_view route) {
  return std::hash<std::string_view>{}(route) | 1;
}

Status Sessions::name_zone(ipc::SharedRegion& region, const config::Sticky& sticky,
                           std::uint64_t generation) {
  const auto piece = region.pieces().find_or_add(piece_name(sticky), sticky.zone_bytes, generation);
  if (!piece) return std::unexpected(piece.error());
  if (piece->is_new) ipc::KeyedStates::lay_out(piece->memory);
  return {};
}

Sessions::Sessions(ipc::SharedRegion& region, const config::Sticky& sticky)
    : states_(region.pieces().find(piece_name(sticky))), timeout_ms_(to_ms(sticky.timeout)) {}

std::uint64_t Sessions::find(std::string_view session, Instant now) {
  ipc::KeyedStates::Lock lock(states_, states_.hash(session));
  const ipc::KeyedState* state = lock.find();
  if (!state || milliseconds(now) - state->session.last_ms >= timeout_ms_) return 0;
  return state->session.server_mark;
}

void Sessions::bind(std::string_view session, std::uint64_t mark, bool create, Instant now) {
  ipc::KeyedStates::Lock lock(states_, states_.hash(session));
  ipc::KeyedState* state = lock.find();
  if (state && milliseconds(now) - state->session.last_ms >= timeout_ms_ && !create) {
    lock.remove(*state);
    return;
  }
  if (!state && create) state = lock.add(true);
  if (!state) return;
  state->session = {milliseconds(now), mark};
}

}  // namespace baton::upstream
