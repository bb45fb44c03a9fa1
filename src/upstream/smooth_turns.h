// nginx's smooth weighted round robin as a state that can be stepped, disturbed and copied.
//
// The rule: in a step the current weight of every peer that may be picked grows by its effective
// weight; the largest current weight, the first among equals, is picked and loses what all grew
// together. A failure lowers the peer's effective weight by weight / max_fails; each step that it
// takes part in gives one back. A peer that may not be picked keeps its current weight as it is,
// which is why the order after a failure depends on when it happened.
//
// As long as nothing fails the order is a cycle (round_robin.h); this class is the general case,
// and group.cc steps it ahead of time, so that an ordinary pick looks up a number.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace baton::upstream {

inline constexpr std::uint32_t no_peer = UINT32_MAX;

class SmoothTurns {
 public:
  SmoothTurns() = default;
  // Peers 0 ... weights.size() - 1, all of them seated; weights are at least 1. `unit` is what a
  // step gives back of a lowered effective weight (more than 1 when weights were scaled up).
  explicit SmoothTurns(std::span<const std::uint32_t> weights, std::uint32_t unit = 1);

  // Whether the peer takes part.
  void seat(std::uint32_t peer, bool seated) { seats_[peer].seated = seated; }
  // Another weight from now on (slow start).
  void set_weight(std::uint32_t peer, std::uint32_t weight);
  // What a failure does to a peer of `max_fails` (0: nothing).
  void lower(std::uint32_t peer, std::uint32_t max_fails);

  // One step among the seated peers that `excluded` does not name; no_peer when there is none.
  template <typename Excluded>
  std::uint32_t step(Excluded excluded) {
    std::uint32_t best = no_peer;
    std::int64_t total = 0;
    for (std::uint32_t peer = 0; peer < seats_.size(); ++peer) {
      Seat& seat = seats_[peer];
      if (!seat.seated || excluded(peer)) continue;
      seat.current += seat.effective;
      total += seat.effective;
      if (seat.effective < seat.weight) seat.effective += unit_;
      if (best == no_peer || seat.current > seats_[best].current) best = peer;
    }
    if (best != no_peer) seats_[best].current -= total;
    return best;
  }
  std::uint32_t step() {
    return step([](std::uint32_t) { return false; });
  }

  // Takes over the steps that have given `picks`. Only while settled.
  void advance(std::span<const std::uint32_t> picks);

  // No seated peer is on its way back from a failure: every step changes the state alike.
  [[nodiscard]] bool settled() const;
  [[nodiscard]] bool empty() const;
  // After how many steps a settled state can come back.
  [[nodiscard]] std::uint64_t period() const;

  friend bool operator==(const SmoothTurns&, const SmoothTurns&) = default;

 private:
  struct Seat {
    std::int64_t current = 0;
    std::int64_t effective = 1;
    std::int64_t weight = 1;
    bool seated = true;
    friend bool operator==(const Seat&, const Seat&) = default;
  };
  std::vector<Seat> seats_;
  std::int64_t unit_ = 1;
};

}  // namespace baton::upstream
