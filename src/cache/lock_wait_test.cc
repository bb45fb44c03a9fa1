#include "cache/lock_wait.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "cache/cache_fixture.h"
#include "runtime/task.h"

namespace baton::cache {
namespace {

class LockWaitTest : public CacheFixture {
 protected:
  LockWaitTest() : loop(std::move(*runtime::Loop::create())) {}

  runtime::Task<void> wait(Lookup& lookup, Duration patience) {
    LockWait waiting(lookup, *loop, loop->now() + patience);
    woken = co_await waiting.done();
    waited = loop->refresh_now() - begun;
    loop->stop();
  }
  void run(Lookup& lookup, Duration patience) {
    begun = loop->refresh_now();
    runtime::TaskScope scope;
    scope.spawn(wait(lookup, patience));
    loop->run();
  }

  std::unique_ptr<runtime::Loop> loop;
  Status woken;
  Instant begun;
  Duration waited{};
};

TEST_F(LockWaitTest, IsOverWhenAnotherThreadHasStoredTheResponse) {
  Lookup first(*cache, "k");
  Lookup second(*cache, "k");
  ASSERT_EQ(find(first), Outcome::miss);
  ASSERT_EQ(find(second), Outcome::miss);
  ASSERT_FALSE(first.lock(terms().now, 5s));
  ASSERT_TRUE(second.lock(terms().now, 5s));
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    Fill fill(first, request, {head, {}, wall + 60, 0, 0});
    fill.write("body");
    fill.commit();
  });
  run(second, 1min);
  other.join();
  EXPECT_TRUE(woken);
  EXPECT_LT(waited, 10s);
  EXPECT_EQ(find(second), Outcome::hit);
}

TEST_F(LockWaitTest, IsOverAtItsDeadline) {
  Lookup first(*cache, "k");
  Lookup second(*cache, "k");
  find(first);
  find(second);
  first.lock(terms().now, 5s);
  run(second, 20ms);
  EXPECT_GE(waited, 20ms);
  first.release();
}

TEST_F(LockWaitTest, IsOverAtOnceWhenNobodyHasTheLock) {
  Lookup lookup(*cache, "k");
  find(lookup);
  run(lookup, 1min);
  EXPECT_LT(waited, 10s);
}

}  // namespace
}  // namespace baton::cache
