// Waiting for another request to fetch the same response (proxy_cache_lock), without polling:
// whoever ends the fetch, on whatever thread, has the waiting coroutine's loop wake it.
#pragma once

#include <memory>

#include "cache/cache.h"
#include "runtime/loop.h"

namespace baton::cache {

// `co_await wait.done()` completes when the update that `lookup` waits for has ended, at the
// deadline, or with `cancelled` when the loop ends. Lives in the awaiting frame.
class LockWait final : public UpdateWaiter {
 public:
  LockWait(Lookup& lookup, runtime::Loop& loop, Instant deadline)
      : lookup_(lookup),
        loop_(loop),
        sleep_(loop, deadline),
        sleeping_(std::make_shared<runtime::Sleep*>(&sleep_)) {
    lookup_.await_update(*this);
  }
  LockWait(const LockWait&) = delete;
  LockWait& operator=(const LockWait&) = delete;
  ~LockWait() {
    lookup_.forget(*this);
    *sleeping_ = nullptr;
  }
  runtime::Sleep& done() { return sleep_; }

  // From any thread; the word is passed on under the index's lock, so it cannot come after
  // forget(). It may come to the loop after this object's end, and finds null then.
  void wake() override {
    loop_.post([sleeping = sleeping_] {
      if (*sleeping != nullptr) (*sleeping)->expired();
    });
  }

 private:
  Lookup& lookup_;
  runtime::Loop& loop_;
  runtime::Sleep sleep_;
  std::shared_ptr<runtime::Sleep*> sleeping_;
};

}  // namespace baton::cache
