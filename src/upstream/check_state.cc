// The word of a server's checks.

#include "upstream/check_state.h"

namespace baton::upstream {

namespace {

constexpr unsigned passed_shift = config::health_checks_max;
constexpr unsigned generation_shift = 2 * config::health_checks_max;
constexpr std::uint64_t mask = (std::uint64_t{1} << config::health_checks_max) - 1;

struct Word {
  std::uint32_t failing;
  std::uint32_t passed;
  std::uint16_t generation;
};

Word unpack(std::uint64_t word) {
  return {static_cast<std::uint32_t>(word & mask),
          static_cast<std::uint32_t>(word >> passed_shift & mask),
          static_cast<std::uint16_t>(word >> generation_shift)};
}

std::uint64_t pack(const Word& word) {
  return std::uint64_t{word.failing} | std::uint64_t{word.passed} << passed_shift |
         std::uint64_t{word.generation} << generation_shift;
}

// Another generation's word as this one begins with it.
Word taken_over(const Word& before, const CheckRule& rule) {
  if (before.generation == rule.generation) return before;
  const bool trusted = before.failing == 0 && before.passed != 0;
  return {before.failing & rule.masks.checks, trusted ? rule.masks.persistent : 0, rule.generation};
}

}  // namespace

CheckState check_state(std::uint64_t packed, const CheckRule& rule) {
  if (rule.masks.checks == 0) return CheckState::unchecked;
  const Word word = unpack(packed);
  const auto age = static_cast<std::int16_t>(word.generation - rule.generation);
  if (age > 0) {
    if (word.failing != 0) return CheckState::unhealthy;
    return rule.masks.mandatory == 0 || word.passed != 0 ? CheckState::healthy
                                                         : CheckState::checking;
  }
  const Word own = taken_over(word, rule);
  if (own.failing != 0) return CheckState::unhealthy;
  return (rule.masks.mandatory & ~own.passed) == 0 ? CheckState::healthy : CheckState::checking;
}

bool note_check(std::atomic<std::uint64_t>& word, const CheckRule& rule, std::uint32_t number,
                bool healthy) {
  std::uint64_t before = word.load(std::memory_order_relaxed);
  std::uint64_t after = 0;
  do {
    Word changed = taken_over(unpack(before), rule);
    const std::uint32_t bit = 1u << number;
    if (healthy) {
      changed.failing &= ~bit;
      changed.passed |= bit;
    } else {
      changed.failing |= bit;
    }
    after = pack(changed);
    if (after == before) return false;
  } while (!word.compare_exchange_weak(before, after, std::memory_order_relaxed));
  return true;
}

}  // namespace baton::upstream
