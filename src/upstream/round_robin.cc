// Computing a cycle of smooth weighted round robin, one class of equal weights at a time.

#include "upstream/round_robin.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace baton::upstream {

namespace {

// All peers of one weight. Among them the turn goes round in the order of their numbers.
struct WeightClass {
  std::int64_t weight = 0;
  std::int64_t current = 0;  // current weight of the peer whose turn it is
  std::vector<std::uint32_t> peers;
  std::size_t turn = 0;
};

std::vector<WeightClass> classes_of(std::span<const std::uint32_t> weights) {
  std::map<std::uint32_t, std::size_t> numbers;
  std::vector<WeightClass> classes;
  for (std::uint32_t peer = 0; peer < weights.size(); ++peer) {
    if (weights[peer] == 0) continue;
    const auto [found, added] = numbers.try_emplace(weights[peer], classes.size());
    if (added) classes.push_back({.weight = weights[peer], .peers = {}});
    classes[found->second].peers.push_back(peer);
  }
  return classes;
}

std::uint64_t total_of(const std::vector<WeightClass>& classes) {
  std::uint64_t total = 0;
  for (const auto& each : classes) total += each.weight * each.peers.size();
  return total;
}

// Divides by what all weights have in common, then, if that is not enough, scales down.
std::vector<std::uint32_t> reduced(std::span<const std::uint32_t> weights, std::size_t length_max) {
  std::uint32_t divisor = 0;
  std::uint64_t total = 0;
  for (const std::uint32_t weight : weights) divisor = std::gcd(divisor, weight);
  for (const std::uint32_t weight : weights) total += divisor ? weight / divisor : 0;
  std::vector<std::uint32_t> result(weights.begin(), weights.end());
  for (std::uint32_t& weight : result) {
    if (weight == 0) continue;
    const std::uint64_t exact = weight / divisor;
    // Rounding up to 1 can add one step a peer, hence the room that is left for it.
    const std::uint64_t room = length_max > weights.size() ? length_max - weights.size() : 0;
    weight = static_cast<std::uint32_t>(
        total <= length_max ? exact : std::max<std::uint64_t>(1, exact * room / total));
  }
  return result;
}

// Who is picked in this step: the largest current weight, the lowest number among equals.
WeightClass& largest(std::vector<WeightClass>& classes) {
  WeightClass* best = &classes[0];
  for (WeightClass& each : classes) {
    if (each.current > best->current ||
        (each.current == best->current && each.peers[each.turn] < best->peers[best->turn])) {
      best = &each;
    }
  }
  return *best;
}

}  // namespace

std::vector<std::uint32_t> smooth_cycle(std::span<const std::uint32_t> weights,
                                        std::size_t length_max) {
  const std::vector<std::uint32_t> small = reduced(weights, length_max);
  std::vector<WeightClass> classes = classes_of(small);
  const std::uint64_t total = total_of(classes);
  std::vector<std::uint32_t> cycle;
  cycle.reserve(total);
  for (std::uint64_t step = 0; step < total; ++step) {
    for (WeightClass& each : classes) each.current += each.weight;
    WeightClass& picked = largest(classes);
    cycle.push_back(picked.peers[picked.turn]);
    // Only when all peers of the class have had their turn has the next one been picked once more
    // than before: until then its current weight is what it was.
    if (++picked.turn == picked.peers.size()) {
      picked.turn = 0;
      picked.current -= static_cast<std::int64_t>(total);
    }
  }
  return cycle;
}

}  // namespace baton::upstream
