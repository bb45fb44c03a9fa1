// limit_rate: how fast a response may go to its client. As in nginx a response has one second's
// worth in advance; from then on it goes out in parts of an eighth of a second, so that a paced
// connection wakes its thread eight times a second at most.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace baton::proxy {

class Pacer {
 public:
  // `rate` in bytes a second, at least 1; the first `free_bytes` do not count.
  Pacer(std::uint64_t rate, std::uint64_t free_bytes, Instant begun)
      : rate_(rate), free_bytes_(free_bytes), begun_(begun) {}

  // How many of `wanted` bytes may go out at `now`, `sent` having gone out so far; 0: none before
  // ready_at().
  [[nodiscard]] std::uint64_t allowance(std::uint64_t sent, std::uint64_t wanted,
                                        Instant now) const;
  // When the next part may go out.
  [[nodiscard]] Instant ready_at(std::uint64_t sent, std::uint64_t wanted) const;

 private:
  // The least that is worth waking up for.
  [[nodiscard]] std::uint64_t part(std::uint64_t wanted) const;

  std::uint64_t rate_;
  std::uint64_t free_bytes_;
  Instant begun_;
};

}  // namespace baton::proxy
