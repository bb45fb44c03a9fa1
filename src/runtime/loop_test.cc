// The loop, tasks and streams together over socketpairs.

#include "runtime/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <thread>

#include "runtime/stream.h"
#include "runtime/task.h"

namespace baton::runtime {
namespace {

std::pair<Fd, Fd> make_pair() {
  int fds[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  return {Fd(fds[0]), Fd(fds[1])};
}

class LoopTest : public testing::Test {
 protected:
  // Runs `task` to its end.
  void run(Task<void> task) {
    TaskScope scope;
    scope.spawn(finish(std::move(task)));
    if (scope.running()) loop->run();
  }
  Task<void> finish(Task<void> task) {
    co_await task;
    loop->stop();
  }
  std::unique_ptr<Loop> loop = std::move(*Loop::create());
};

TEST_F(LoopTest, BytesWrittenAtOneEndAreReadAtTheOther) {
  auto [a, b] = make_pair();
  Stream writer(*loop, std::move(a));
  Stream reader(*loop, std::move(b));
  std::string got;
  const auto write = [&]() -> Task<void> {
    std::string text(1 << 20, 'x');
    iovec piece{text.data(), text.size()};
    const auto written = co_await writer.write_all({&piece, 1}, never);
    EXPECT_TRUE(written);
    writer.shutdown_write();
  };
  const auto read = [&]() -> Task<void> {
    char buffer[5000];
    while (true) {
      const auto count = co_await reader.read(buffer, never);
      EXPECT_TRUE(count);
      if (!count || *count == 0) co_return;
      got.append(buffer, *count);
    }
  };
  run(both(write(), read()));
  EXPECT_EQ(got.size(), 1u << 20);
}

TEST_F(LoopTest, AReadPastItsDeadlineTimesOut) {
  auto [a, b] = make_pair();
  Stream reader(*loop, std::move(a));
  const Instant before = monotonic_now();
  run([](Stream& stream, Loop& own_loop) -> Task<void> {
    char buffer[10];
    const auto count = co_await stream.read(buffer, own_loop.now() + 30ms);
    EXPECT_FALSE(count);
    EXPECT_EQ(count.error().kind, ErrorKind::timed_out);
  }(reader, *loop));
  EXPECT_GE(monotonic_now() - before, 30ms);
  EXPECT_LT(monotonic_now() - before, 2s);
}

TEST_F(LoopTest, CancelAllEndsWaitsAndSleeps) {
  auto [a, b] = make_pair();
  Stream reader(*loop, std::move(a));
  int ended = 0;
  const auto waits = [&]() -> Task<void> {
    char buffer[10];
    const auto count = co_await reader.read(buffer, never);
    EXPECT_EQ(count.error().kind, ErrorKind::cancelled);
    ++ended;
  };
  const auto sleeps = [&]() -> Task<void> {
    const auto slept = co_await loop->sleep_for(1h);
    EXPECT_FALSE(slept);
    ++ended;
  };
  loop->post([this] { loop->cancel_all(); });
  run(both(waits(), sleeps()));
  EXPECT_EQ(ended, 2);
}

TEST_F(LoopTest, ABusyStreamDoesNotStarveATimer) {
  auto [a, b] = make_pair();
  Stream left(*loop, std::move(a));
  Stream right(*loop, std::move(b));
  bool fired = false;
  Timer timer(*loop, [&] { fired = true; });
  timer.arm_after(10ms);
  const auto busy = [&]() -> Task<void> {
    char byte = 'x';
    const Instant limit = monotonic_now() + 5s;
    while (!fired && monotonic_now() < limit) {
      iovec piece{&byte, 1};
      EXPECT_TRUE(co_await left.write_all({&piece, 1}, never));
      EXPECT_TRUE(co_await right.read({&byte, 1}, never));
      right.source().set_ready(Direction::read);
    }
  };
  run(busy());
  EXPECT_TRUE(fired);
}

TEST_F(LoopTest, APostFromAnotherThreadRunsOnTheLoop) {
  std::thread::id ran_on;
  std::thread other([&] {
    loop->post([&] {
      ran_on = std::this_thread::get_id();
      loop->stop();
    });
  });
  loop->run();
  other.join();
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

// The other holder stands for another process: a child, or the receiver of a descriptor.
TEST_F(LoopTest, ASocketThatOthersHoldTellsNothingOnceItsSourceIsGone) {
  auto [a, b] = make_pair();
  const Fd other_holder(::dup(a.get()));
  auto first = std::make_unique<Source>(*loop, std::move(a));
  first.reset();
  // Takes the place of the first in memory, so that an event for that one would hit it.
  auto [c, d] = make_pair();
  auto second = std::make_unique<Source>(*loop, std::move(c));
  b.reset();
  Timer timer(*loop, [this] { loop->stop(); });
  timer.arm_after(20ms);
  loop->run();
  EXPECT_FALSE(second->hung_up());
  EXPECT_FALSE(second->ready(Direction::read));
}

TEST_F(LoopTest, EndOfStreamAfterAShortReadIsNotMissed) {
  auto [a, b] = make_pair();
  Stream reader(*loop, std::move(a));
  ASSERT_EQ(::send(b.get(), "abc", 3, 0), 3);
  b.reset();
  std::string got;
  run([](Stream& stream, std::string& into) -> Task<void> {
    char buffer[100];
    while (true) {
      const auto count = co_await stream.read(buffer, never);
      EXPECT_TRUE(count);
      if (!count || *count == 0) co_return;
      into.append(buffer, *count);
    }
  }(reader, got));
  EXPECT_EQ(got, "abc");
}

}  // namespace
}  // namespace baton::runtime
