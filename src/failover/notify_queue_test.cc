// Order and coalescing of notifications.

#include "failover/notify_queue.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

using Event = ipc::ScriptRequest::Event;
using Notice = vrrp::action::Notice;

config::NotifyCommands commands() {
  config::NotifyCommands all;
  all.master = all.backup = all.fault = all.stop = all.any = config::ScriptCommand{};
  return all;
}

TEST(NotifyQueue, RunsTheStatesCommandThenTheGeneralOne) {
  NotifyQueue queue;
  queue.push(Notice::master, 100, commands(), 3);
  const auto first = queue.next(1, Instant{});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->event, Event::master);
  EXPECT_EQ(first->index, 3u);
  EXPECT_FALSE(queue.next(2, Instant{}));  // one at a time
  EXPECT_TRUE(queue.finished(1));
  const auto second = queue.next(2, Instant{});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->event, Event::any);
  EXPECT_EQ(second->state, "MASTER");
  EXPECT_EQ(second->priority, 100u);
  EXPECT_TRUE(queue.finished(2));
  EXPECT_TRUE(queue.idle());
}

TEST(NotifyQueue, TellsOnlyTheLatestStateWhenCommandsAreSlow) {
  NotifyQueue queue;
  queue.push(Notice::backup, 100, commands(), 0);
  ASSERT_TRUE(queue.next(1, Instant{}));
  queue.push(Notice::master, 100, commands(), 0);
  queue.push(Notice::fault, 100, commands(), 0);
  queue.finished(1);
  EXPECT_EQ(queue.next(2, Instant{})->event, Event::fault);
  queue.finished(2);
  EXPECT_EQ(queue.next(3, Instant{})->state, "FAULT");
  queue.finished(3);
  EXPECT_TRUE(queue.idle());
}

TEST(NotifyQueue, QueueOfAGroupAsksForTheGroupsCommands) {
  NotifyQueue queue(NotifyQueue::Kind::notify_group);
  queue.push(Notice::fault, 0, commands(), 1);
  EXPECT_EQ(queue.next(1, Instant{})->kind, ipc::ScriptRequest::Kind::notify_group);
}

TEST(NotifyQueue, WithoutCommandsThereIsNothingToRun) {
  NotifyQueue queue;
  queue.push(Notice::stop, 100, {}, 0);
  EXPECT_TRUE(queue.idle());
}

TEST(NotifyQueue, CommandThatNeverEndsDoesNotBlockForEver) {
  NotifyQueue queue;
  queue.push(Notice::backup, 100, commands(), 0);
  queue.next(1, Instant{});
  queue.push(Notice::master, 100, commands(), 0);
  EXPECT_FALSE(queue.next(2, Instant{59s}));
  EXPECT_TRUE(queue.next(2, Instant{60s}));
}

TEST(NotifyQueue, ALowerAdvertWaitsOnceAndBehindTheStates) {
  config::NotifyCommands all = commands();
  all.lower_priority = config::ScriptCommand{};
  NotifyQueue queue;
  queue.push(Notice::master, 100, all, 0);
  queue.push_lower_priority(100, all, 0);
  queue.push_lower_priority(100, all, 0);
  std::vector<Event> told;
  for (std::uint64_t ticket = 1; const auto request = queue.next(ticket, Instant{}); ++ticket) {
    told.push_back(request->event);
    queue.finished(ticket);
  }
  EXPECT_EQ(told, (std::vector<Event>{Event::master, Event::any, Event::lower_priority}));
}

TEST(NotifyQueue, ADeletedInstanceIsAFaultUnlessNotifyDeletedIsSet) {
  config::NotifyCommands all = commands();
  all.deleted = config::ScriptCommand{};
  NotifyQueue queue;
  queue.push_deleted(90, all, 4);
  auto request = queue.next(1, Instant{});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->event, Event::fault);
  EXPECT_TRUE(request->of_previous);
  all.tells_deleted = true;
  queue.finished(1);
  queue.push_deleted(90, all, 4);
  request = queue.next(2, Instant{});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->event, Event::deleted);
  queue.finished(2);
  request = queue.next(3, Instant{});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->event, Event::any);
  EXPECT_EQ(request->state, "DELETED");
  EXPECT_EQ(request->index, 4u);
}

}  // namespace
}  // namespace baton::failover
