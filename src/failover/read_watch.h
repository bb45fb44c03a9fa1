// Calls a function when a descriptor has something to read, for input that is taken in batches by
// plain functions (packets, netlink, the life of the proxy) and is no conversation.
#pragma once

#include <functional>
#include <utility>

#include "runtime/loop.h"
#include "runtime/source.h"

namespace baton::failover {

class ReadWatch final : public runtime::Waiter {
 public:
  // `drain` reads until the call would block and gives true, or stops early and gives false: it
  // is then called again in the next turn. It must not destroy the watch.
  ReadWatch(runtime::Loop& loop, runtime::Fd fd, std::function<bool()> drain)
      : source_(loop, std::move(fd)),
        drain_(std::move(drain)),
        pause_timer_(loop, [this] { run(); }) {
    source_.await_ready(runtime::Direction::read, *this);
  }
  ~ReadWatch() { source_.forget(runtime::Direction::read); }

  void run() override {
    if (source_.cancelled()) return;
    source_.clear_ready(runtime::Direction::read);
    const bool is_empty = drain_();
    const Duration length = std::exchange(pause_, Duration(0));
    if (!is_empty) {
      source_.loop().defer(*this);
    } else if (length > Duration(0)) {
      source_.set_watched(false);
      pause_timer_.arm_after(length);
    } else {
      // What came since it was read is an edge of its own.
      source_.set_watched(true);
      source_.await_ready(runtime::Direction::read, *this);
    }
  }
  // For `drain`: what comes next may wait so long, and wakes nobody until then.
  void pause(Duration length) { pause_ = length; }
  [[nodiscard]] int fd() const { return source_.fd(); }
  [[nodiscard]] bool hung_up() const { return source_.hung_up(); }

 private:
  runtime::Source source_;
  std::function<bool()> drain_;
  runtime::Timer pause_timer_;
  Duration pause_{};
};

}  // namespace baton::failover
