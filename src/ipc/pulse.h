// The proxy's pulse: how the failover process knows within milliseconds that the proxy is dead,
// hung or without upstreams, without a script and without asking it.
//
// Two signs, both passed to the failover process as descriptors with `proxy_attached`:
//  * life: one end of a socketpair whose other end only the proxy process holds. When the process
//    ends, however it ends, the kernel closes it and the failover process reads end-of-file.
//  * page: a memfd of one PulsePage, written by the proxy's threads (a turn at least every
//    turn_interval, also when idle), read by the failover process. A thread whose turn is older
//    than the limit hangs.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/result.h"
#include "base/time.h"
#include "runtime/fd.h"

namespace baton::ipc {

// How often an idle thread turns.
inline constexpr Duration turn_interval = 100ms;
// A thread that did not turn for this long hangs (default; long enough for a busy machine).
inline constexpr Duration turn_limit = 2s;

struct PulsePage {
  static constexpr std::uint32_t threads_max = 256;

  struct alignas(64) Thread {
    std::atomic<std::int64_t> last_turn_ns{0};  // CLOCK_MONOTONIC
    std::atomic<std::uint64_t> turns{0};
  };
  std::atomic<std::uint32_t> threads{0};      // how many of `thread` are in use
  std::atomic<std::uint32_t> groups{0};       // upstream groups that locations use
  std::atomic<std::uint32_t> groups_dead{0};  // ... of these, without an eligible server
  Thread thread[threads_max];
};

// Maps a PulsePage shared between the processes that hold `fd()`.
class Pulse {
 public:
  static Result<Pulse> create();              // a new page, all zero
  static Result<Pulse> open(runtime::Fd fd);  // a page made by another process
  Pulse(Pulse&& other) noexcept;
  Pulse& operator=(Pulse&& other) noexcept;
  ~Pulse();

  [[nodiscard]] PulsePage& page() { return *page_; }
  [[nodiscard]] const PulsePage& page() const { return *page_; }
  [[nodiscard]] const runtime::Fd& fd() const { return fd_; }
  // True when every thread in use turned within `limit` before `now`, and there is one.
  [[nodiscard]] bool turning(Instant now, Duration limit = turn_limit) const;
  // Called by thread `index` of the proxy.
  void turn(std::uint32_t index, Instant now);

 private:
  Pulse(runtime::Fd fd, PulsePage* page);
  runtime::Fd fd_;
  PulsePage* page_ = nullptr;
};

}  // namespace baton::ipc
