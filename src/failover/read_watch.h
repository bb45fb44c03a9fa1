// Calls a function when a descriptor has something to read, for input that is taken in batches by
// plain functions (packets, netlink, the life of the proxy) and is no conversation.
#pragma once

#include <functional>
#include <utility>

#include "runtime/source.h"

namespace baton::failover {

class ReadWatch final : public runtime::Waiter {
 public:
  // `drain` reads until the call would block and gives true, or stops early and gives false: it
  // is then called again in the next turn. It must not destroy the watch.
  ReadWatch(runtime::Loop& loop, runtime::Fd fd, std::function<bool()> drain)
      : source_(loop, std::move(fd)), drain_(std::move(drain)) {
    source_.await_ready(runtime::Direction::read, *this);
  }
  ~ReadWatch() { source_.forget(runtime::Direction::read); }

  void run() override {
    if (source_.cancelled()) return;
    source_.clear_ready(runtime::Direction::read);
    if (drain_()) {
      source_.await_ready(runtime::Direction::read, *this);
    } else {
      source_.loop().defer(*this);
    }
  }
  [[nodiscard]] int fd() const { return source_.fd(); }
  [[nodiscard]] bool hung_up() const { return source_.hung_up(); }

 private:
  runtime::Source source_;
  std::function<bool()> drain_;
};

}  // namespace baton::failover
