// Waiting for a server.

#include "upstream/waiting_line.h"

#include <gtest/gtest.h>

#include <thread>

namespace baton::upstream {
namespace {

struct Guest final : runtime::Waiter {
  void run() override { ++runs; }
  int runs = 0;
};

class Line : public testing::Test {
 protected:
  // Lets the loop do what was posted to it.
  void settle() {
    loop->post([this] { loop->post([this] { loop->stop(); }); });
    loop->run();
    loop = runtime::Loop::create().value();
  }
  std::unique_ptr<runtime::Loop> loop = runtime::Loop::create().value();
  WaitingLine line{2};
  Guest first;
  Guest second;
};

TEST_F(Line, CallsTheOneThatCameFirst) {
  const auto one = line.join(*loop, first, false);
  const auto two = line.join(*loop, second, false);
  line.call_next();
  EXPECT_TRUE(WaitingLine::was_called(one));
  EXPECT_FALSE(WaitingLine::was_called(two));
  settle();
  EXPECT_EQ(first.runs, 1);
  EXPECT_EQ(second.runs, 0);
}

TEST_F(Line, HasAnEnd) {
  Guest third;
  const auto one = line.join(*loop, first, false);
  const auto two = line.join(*loop, second, false);
  EXPECT_EQ(line.join(*loop, third, false), nullptr);
  line.leave(one, false);
  EXPECT_NE(line.join(*loop, third, false), nullptr);
}

TEST_F(Line, ACallToSomebodyWhoLeavesGoesToTheNext) {
  const auto one = line.join(*loop, first, false);
  const auto two = line.join(*loop, second, false);
  line.call_next();
  line.leave(one, true);
  EXPECT_TRUE(WaitingLine::was_called(two));
  settle();
  EXPECT_EQ(first.runs, 0) << "it is gone";
  EXPECT_EQ(second.runs, 1);
}

TEST_F(Line, WhoCameTooLateWaitsAtTheFront) {
  const auto one = line.join(*loop, first, false);
  const auto two = line.join(*loop, second, true);
  line.call_next();
  EXPECT_TRUE(WaitingLine::was_called(two));
  EXPECT_FALSE(WaitingLine::was_called(one));
}

TEST_F(Line, IsEmptyWhenAllAreCalledOrGone) {
  EXPECT_TRUE(line.empty());
  const auto one = line.join(*loop, first, false);
  EXPECT_FALSE(line.empty());
  line.call_next();
  EXPECT_TRUE(line.empty());
}

}  // namespace
}  // namespace baton::upstream
