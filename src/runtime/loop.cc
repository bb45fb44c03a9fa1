// Turning the loop.

#include "runtime/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "base/assert.h"

namespace baton::runtime {

Instant monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant(Duration(static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec));
}

WallTime wall_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return WallTime(Duration(static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec));
}

Result<std::unique_ptr<Loop>> Loop::create() {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail_errno(errno, "epoll_create1");
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "eventfd");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;  // null marks the wake-up descriptor
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return fail_errno(errno, "epoll_ctl");
  }
  return std::unique_ptr<Loop>(new Loop(std::move(epoll), std::move(wake)));
}

Loop::Loop(Fd epoll, Fd wake)
    : epoll_(std::move(epoll)), wake_(std::move(wake)), now_(monotonic_now()), timers_(now_) {}

Loop::~Loop() = default;

void Loop::run() {
  stopping_ = false;
  while (!stopping_.load(std::memory_order_relaxed)) turn();
}

void Loop::stop() {
  stopping_ = true;
  const std::uint64_t one = 1;
  // A full counter means that a wake-up is pending already.
  [[maybe_unused]] const ssize_t ignored = ::write(wake_.get(), &one, sizeof one);
}

void Loop::post(std::function<void()> action) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(action));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(wake_.get(), &one, sizeof one);
}

Sleep Loop::sleep_until(Instant deadline) {
  return {*this, deadline};
}
Sleep Loop::sleep_for(Duration duration) {
  return {*this, now_ + duration};
}

void Loop::cancel_all() {
  cancelled_ = true;
  sources_.for_each([](EventTarget& source) { source.cancel(); });
  sleepers_.for_each([this](Sleep& sleep) { make_ready(sleep); });
}

void Loop::abandon_after_fork() {
  epoll_.reset();
  wake_.reset();
}

void Loop::turn() {
  ready_.take_all(deferred_);
  take_events();
  timers_.advance(now_);
  // What becomes ready while this runs (a joined scope, a timer re-armed for now) runs, too, but
  // what defers itself waits for the next turn.
  while (Waiter* waiter = ready_.pop_front()) {
    budget_ = budget_per_run;
    waiter->run();
  }
}

void Loop::take_events() {
  epoll_event events[events_per_turn];
  timespec timeout{};
  timespec* bound = &timeout;
  if (ready_.empty()) {
    const Instant due = timers_.next_due();
    if (due == never) {
      bound = nullptr;
    } else {
      const std::int64_t ns = std::max<std::int64_t>(0, (due - monotonic_now()).count());
      timeout = {ns / 1'000'000'000, ns % 1'000'000'000};
    }
  }
  const int count = ::epoll_pwait2(epoll_.get(), events, events_per_turn, bound, nullptr);
  // Anything else would come back at once, for ever: a kernel older than 5.11, or a bug.
  BATON_ASSERT(count >= 0 || errno == EINTR);
  now_ = monotonic_now();
  wall_now_.reset();
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr) {
      static_cast<EventTarget*>(events[i].data.ptr)->on_events(events[i].events);
    } else {
      run_posted();
    }
  }
}

void Loop::run_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t ignored = ::read(wake_.get(), &count, sizeof count);
  std::vector<std::function<void()>> actions;
  {
    const std::lock_guard lock(posted_mutex_);
    actions.swap(posted_);
  }
  // A posted action may destroy sources whose events are still to come in this batch, so it
  // becomes an ordinary ready waiter instead of running here.
  struct Posted final : Waiter {
    explicit Posted(std::function<void()> what) : action(std::move(what)) {}
    void run() override {
      const auto what = std::move(action);
      delete this;
      what();
    }
    std::function<void()> action;
  };
  for (auto& action : actions) ready_.push_back(*new Posted(std::move(action)));
}

}  // namespace baton::runtime
