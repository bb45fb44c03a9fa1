// What active health checks have found of a server, in one word of its slot that all threads and
// generations share: a bit for each check that fails at present, a bit for each that has passed
// since the generation began, and the generation's number.
//
// A new generation takes over what was known: a failing server stays out until its check passes.
// With `mandatory` it does not trust the one before: a server gets requests when its own checks
// have passed, unless `persistent` says that the old verdict counts. An old generation that still
// serves trusts what a newer one finds.
#pragma once

#include <atomic>
#include <cstdint>

#include "config/model/health_check.h"

namespace baton::upstream {

// What the configuration says about the checks of a group.
struct CheckRule {
  config::HealthCheckMasks masks;
  std::uint16_t generation = 0;
};

enum class CheckState : std::uint8_t {
  unchecked,  // there are no checks
  checking,   // a mandatory check has not passed yet
  healthy,
  unhealthy
};

CheckState check_state(std::uint64_t word, const CheckRule& rule);

// Whether checks let the server have requests.
inline bool passes_checks(const std::atomic<std::uint64_t>& word, const CheckRule& rule) {
  if (rule.masks.checks == 0) [[likely]]
    return true;
  const CheckState state = check_state(word.load(std::memory_order_relaxed), rule);
  return state == CheckState::healthy;
}

// Notes what check `number` says now. True when that may have changed the server's state.
bool note_check(std::atomic<std::uint64_t>& word, const CheckRule& rule, std::uint32_t number,
                bool healthy);

}  // namespace baton::upstream
