// Shorter and shorter.

#include "simulation/shrinker.h"

#include <algorithm>

#include "simulation/world.h"

namespace baton::simulation {

namespace {

class Shrinker {
 public:
  Shrinker(const Script& script, const Complaint& complaint, const MutantKind* mutant,
           unsigned attempts_max)
      : best_{script, complaint}, mutant_(mutant), attempts_max_(attempts_max) {}

  Shrunk run() {
    cut_end();
    for (bool better = true; better && !exhausted();) {
      better = remove_steps();
      better |= simplify_world();
      better |= shorten_steps();
      better |= close_gaps();
    }
    return best_;
  }

 private:
  [[nodiscard]] bool exhausted() const { return best_.attempts >= attempts_max_; }

  // Keeps `candidate` when it still fails in the same way.
  bool try_out(Script candidate) {
    // As it will be read again: steps that have come to be at one time have an order.
    if (const auto read = read_script(candidate.text())) candidate = *read;
    if (exhausted() || candidate == best_.script) return false;
    ++best_.attempts;
    const auto complaint = play(candidate, mutant_);
    if (!complaint || complaint->checker != best_.complaint.checker) return false;
    best_.script = std::move(candidate);
    best_.complaint = *complaint;
    cut_end();
    return true;
  }

  // What comes after the complaint does not matter.
  void cut_end() {
    best_.script.end = best_.complaint.at + Duration(1);
    std::erase_if(best_.script.steps,
                  [this](const Step& step) { return step.at > best_.complaint.at; });
  }

  // Halves first, then quarters, ..., then one by one.
  bool remove_steps() {
    bool better = false;
    for (std::size_t size = std::max<std::size_t>(best_.script.steps.size() / 2, 1);; size /= 2) {
      for (std::size_t from = 0; from < best_.script.steps.size();) {
        Script candidate = best_.script;
        const auto first = candidate.steps.begin() + static_cast<std::ptrdiff_t>(from);
        candidate.steps.erase(first, first + static_cast<std::ptrdiff_t>(
                                                 std::min(size, candidate.steps.size() - from)));
        if (try_out(std::move(candidate))) {
          better = true;
        } else {
          from += size;
        }
      }
      if (size <= 1) return better;
    }
  }

  bool simplify_world() {
    bool better = false;
    if (best_.script.drift) {
      Script candidate = best_.script;
      candidate.drift = false;
      better |= try_out(std::move(candidate));
    }
    while (best_.script.hosts > 2) {
      Script candidate = best_.script;
      --candidate.hosts;
      if (!try_out(std::move(candidate))) break;
      better = true;
    }
    return better;
  }

  bool shorten_steps() {
    bool better = false;
    for (std::size_t i = 0; i < best_.script.steps.size(); ++i) {
      for (const std::int64_t divisor : {1000, 10, 2}) {
        if (i >= best_.script.steps.size()) break;
        Script candidate = best_.script;
        Duration& length = candidate.steps[i].length;
        // Round figures are easier to read.
        length = length / divisor > 1s
                     ? Duration(std::chrono::duration_cast<std::chrono::seconds>(length / divisor))
                     : length / divisor;
        better |= try_out(std::move(candidate));
      }
    }
    return better;
  }

  // Everything from a step on happens earlier.
  bool close_gaps() {
    bool better = false;
    for (std::size_t i = 0; i < best_.script.steps.size(); ++i) {
      for (const std::int64_t divisor : {1, 2, 8}) {
        if (i >= best_.script.steps.size()) break;
        Script candidate = best_.script;
        const Instant before = i == 0 ? Instant{} : candidate.steps[i - 1].at;
        const Duration gap = (candidate.steps[i].at - before) / divisor;
        if (gap < 1ms) continue;
        for (std::size_t j = i; j < candidate.steps.size(); ++j) candidate.steps[j].at -= gap;
        better |= try_out(std::move(candidate));
      }
    }
    return better;
  }

  Shrunk best_;
  const MutantKind* mutant_;
  unsigned attempts_max_;
};

}  // namespace

std::optional<Complaint> play(const Script& script, const MutantKind* mutant,
                              std::string* chronicle) {
  Tally unused;
  const auto machine = mutant ? mutant->make() : nullptr;
  return World(script, unused, {machine.get(), chronicle}).run();
}

Shrunk shrink(const Script& script, const Complaint& complaint, const MutantKind* mutant,
              unsigned attempts_max) {
  return Shrinker(script, complaint, mutant, attempts_max).run();
}

}  // namespace baton::simulation
