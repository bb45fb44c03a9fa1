// Messages arrive whole, in order, with their descriptors, however large or many.

#include "ipc/channel.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace baton::ipc {
namespace {

class ChannelTest : public testing::Test {
 protected:
  void SetUp() override {
    auto pair = make_channel_pair();
    ASSERT_TRUE(pair);
    left = std::make_unique<Channel>(*loop, std::move(pair->first));
    right = std::make_unique<Channel>(*loop, std::move(pair->second));
  }
  // Receives `count` messages at the right end into `got`, then stops the loop.
  runtime::Task<void> receive(std::size_t count) {
    while (got.size() < count) {
      auto message = co_await right->receive(loop->now() + 5s);
      if (!message) break;
      got.push_back(std::move(*message));
    }
    loop->stop();
  }
  std::unique_ptr<runtime::Loop> loop = std::move(*runtime::Loop::create());
  std::unique_ptr<Channel> left;
  std::unique_ptr<Channel> right;
  std::vector<Message> got;
};

TEST_F(ChannelTest, ALargeTextAndDescriptorsArriveTogether) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  Message message;
  message.type = MessageType::configure;
  message.number = 7;
  message.text.assign(3 << 20, 'x');
  message.fds.emplace_back(fds[0]);
  message.fds.emplace_back(fds[1]);
  ASSERT_TRUE(left->send(std::move(message)));
  runtime::TaskScope scope;
  scope.spawn(receive(1));
  if (scope.running()) loop->run();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].text.size(), 3u << 20);
  ASSERT_EQ(got[0].fds.size(), 2u);
  EXPECT_EQ(::write(got[0].fds[1].get(), "a", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(got[0].fds[0].get(), &byte, 1), 1);
}

TEST_F(ChannelTest, MoreThanTheKernelTakesIsQueuedInOrder) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    ASSERT_TRUE(left->send(MessageType::announce, i, std::string(500, 'y'))) << i;
  }
  EXPECT_FALSE(left->flushed());
  runtime::TaskScope scope;
  scope.spawn(receive(2000));
  if (scope.running()) loop->run();
  ASSERT_EQ(got.size(), 2000u);
  for (std::uint64_t i = 0; i < 2000; ++i) EXPECT_EQ(got[i].number, i);
  EXPECT_TRUE(left->flushed());
}

TEST_F(ChannelTest, TheEndOfTheOtherProcessIsTold) {
  left.reset();
  runtime::TaskScope scope;
  bool told = false;
  scope.spawn([](Channel& channel, runtime::Loop& own_loop, bool& closed) -> runtime::Task<void> {
    const auto message = co_await channel.receive(own_loop.now() + 5s);
    closed = !message && message.error().kind == ErrorKind::closed;
    own_loop.stop();
  }(*right, *loop, told));
  if (scope.running()) loop->run();
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace baton::ipc
