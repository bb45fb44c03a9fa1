// What steps do together, and what disturbs them.

#include "upstream/smooth_turns.h"

#include <algorithm>
#include <numeric>

namespace baton::upstream {

SmoothTurns::SmoothTurns(std::span<const std::uint32_t> weights, std::uint32_t unit)
    : seats_(weights.size()), unit_(unit) {
  for (std::size_t peer = 0; peer < weights.size(); ++peer) {
    seats_[peer].weight = seats_[peer].effective = weights[peer];
  }
}

void SmoothTurns::set_weight(std::uint32_t peer, std::uint32_t weight) {
  Seat& seat = seats_[peer];
  if (seat.weight == weight) return;
  seat.weight = seat.effective = weight;
}

void SmoothTurns::lower(std::uint32_t peer, std::uint32_t max_fails) {
  if (max_fails == 0) return;
  Seat& seat = seats_[peer];
  seat.effective = std::max<std::int64_t>(0, seat.effective - seat.weight / max_fails);
}

void SmoothTurns::advance(std::span<const std::uint32_t> picks) {
  std::int64_t total = 0;
  for (Seat& seat : seats_) {
    if (!seat.seated) continue;
    total += seat.weight;
    seat.current += seat.weight * static_cast<std::int64_t>(picks.size());
  }
  for (const std::uint32_t peer : picks) seats_[peer].current -= total;
}

bool SmoothTurns::settled() const {
  return std::ranges::none_of(
      seats_, [](const Seat& seat) { return seat.seated && seat.effective < seat.weight; });
}

bool SmoothTurns::empty() const {
  return std::ranges::none_of(seats_, &Seat::seated);
}

std::uint64_t SmoothTurns::period() const {
  std::int64_t total = 0;
  std::int64_t divisor = 0;
  for (const Seat& seat : seats_) {
    if (!seat.seated) continue;
    total += seat.weight;
    divisor = std::gcd(divisor, seat.weight);
  }
  return divisor == 0 ? 0 : static_cast<std::uint64_t>(total / divisor);
}

}  // namespace baton::upstream
