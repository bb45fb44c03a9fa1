// Smooth weighted round robin as a value: one whole cycle of picks, computed once.
//
// The rule (nginx's): in every step each peer's current weight grows by its weight; the largest,
// the first one among equals, is picked and loses the total. Peers of equal weight are therefore
// picked in turn, so only one candidate per distinct weight has to be compared in a step: a cycle
// of length L over k distinct weights costs L * k, also with 100,000 peers.
// The sequence repeats after total / gcd steps, so position modulo length is all the state there
// is, and one atomic counter makes it strict across threads and processes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace baton::upstream {

// The longest cycle that is kept (4 bytes a step).
inline constexpr std::size_t cycle_length_max = std::size_t{1} << 20;

// One cycle over peers 0 ... weights.size() - 1. Weights of 0 are left out. A cycle that would be
// longer than `length_max` is computed with weights scaled down (each at least 1; with more peers
// than `length_max`, each exactly 1).
std::vector<std::uint32_t> smooth_cycle(std::span<const std::uint32_t> weights,
                                        std::size_t length_max = cycle_length_max);

}  // namespace baton::upstream
