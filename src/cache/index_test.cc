#include "cache/index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace baton::cache {
namespace {

Instant at(int seconds) {
  return Instant(std::chrono::seconds(seconds));
}

Key key(int number) {
  return md5(std::to_string(number));
}

// As a request that stored its response.
void add(Index& index, int number, int when, std::uint64_t bytes = 4096) {
  Index::Hold hold;
  std::optional<Key> removed;
  index.use(key(number), hold, {at(when), 0, 1}, removed);
  index.stored(hold, bytes);
}

struct Waiter final : UpdateWaiter {
  void wake() override { ++woken; }
  std::atomic<int> woken{0};
};

TEST(IndexTest, TheEntryThatWasUsedTheLongestAgoGoesFirst) {
  Index index(1000, 0, 10min);
  for (int i = 0; i < 50; ++i) add(index, i, i);
  add(index, 0, 100);
  EXPECT_EQ(index.take_oldest(), key(1));
  EXPECT_EQ(index.take_oldest(), key(2));
  EXPECT_EQ(index.size_bytes(), 48 * 4096);
}

TEST(IndexTest, OnlyWhatWasNotUsedForTheTimeOfInactiveIsTaken) {
  Index index(1000, 0, 60s);
  add(index, 1, 0);
  add(index, 2, 30);
  EXPECT_EQ(index.next_inactive(), at(60));
  EXPECT_FALSE(index.take_inactive(at(59)));
  EXPECT_EQ(index.take_inactive(at(60)), key(1));
  EXPECT_FALSE(index.take_inactive(at(60)));
}

TEST(IndexTest, AnEntryThatIsHeldStays) {
  Index index(1000, 0, 60s);
  add(index, 1, 0);
  Index::Hold hold;
  ASSERT_TRUE(index.hold(key(1), hold));
  EXPECT_FALSE(index.take_inactive(at(100)));
  EXPECT_FALSE(index.take_oldest());
  hold.release();
  EXPECT_EQ(index.take_oldest(), key(1));
}

TEST(IndexTest, AFullIndexGivesUpItsOldestEntryForANewOne) {
  Index index(16, 0, 10min);
  std::size_t removed_count = 0;
  for (int i = 0; i < 200; ++i) {
    Index::Hold hold;
    std::optional<Key> removed;
    index.use(key(i), hold, {at(i), 0, 1}, removed);
    index.stored(hold, 4096);
    removed_count += removed ? 1 : 0;
  }
  EXPECT_LE(index.entries(), 16U);
  EXPECT_EQ(removed_count + index.entries(), 200U);
}

TEST(IndexTest, AFullIndexOfHeldEntriesTakesNoMore) {
  Index index(1, 0, 10min);
  std::vector<Index::Hold> holds(200);
  int full = 0;
  for (int i = 0; i < 200; ++i) {
    std::optional<Key> removed;
    full += index.use(key(i), holds[i], {at(i), 0, 1}, removed).full ? 1 : 0;
  }
  EXPECT_EQ(full, 200 - 16);
}

TEST(IndexTest, TheLockIsTakenOverWhenItIsTooOld) {
  Index index(100, 0, 10min);
  std::optional<Key> removed;
  Index::Hold first;
  Index::Hold second;
  Index::Hold third;
  index.use(key(1), first, {at(0), 0, 1}, removed);
  index.use(key(1), second, {at(0), 0, 1}, removed);
  index.use(key(1), third, {at(0), 0, 1}, removed);
  EXPECT_FALSE(index.lock(first, at(0), 5s));
  EXPECT_EQ(index.lock(second, at(1), 5s), at(5));
  EXPECT_FALSE(index.lock(second, at(5), 5s));
  // The first one's end says nothing of the second one's fetch.
  first.release();
  EXPECT_EQ(index.lock(third, at(6), 5s), at(10));
  second.release();
  EXPECT_FALSE(index.lock(third, at(6), 5s));
}

TEST(IndexTest, TheEndOfAnUpdateWakesAllWhoWait) {
  Index index(100, 0, 10min);
  std::optional<Key> removed;
  Index::Hold first;
  Index::Hold second;
  index.use(key(1), first, {at(0), 0, 1}, removed);
  index.use(key(1), second, {at(0), 0, 1}, removed);
  index.lock(first, at(0), 5s);
  Waiter stays;
  Waiter leaves;
  index.await_update(second, stays);
  index.await_update(second, leaves);
  index.forget(second, leaves);
  first.release();
  EXPECT_EQ(stays.woken, 1);
  EXPECT_EQ(leaves.woken, 0);
  Waiter late;
  index.await_update(second, late);
  EXPECT_EQ(late.woken, 1);
}

TEST(IndexTest, WhatIsKeptInMemoryIsBounded) {
  Index index(1000, 16 * 4096, 10min);
  std::vector<std::weak_ptr<const Entry>> kept;
  for (int i = 0; i < 500; ++i) {
    Index::Hold hold;
    std::optional<Key> removed;
    index.use(key(i), hold, {at(i), 0, 1}, removed);
    auto entry =
        std::make_shared<const Entry>("/", std::string(1000, '\0'), true, FileIdentity{}, 0);
    index.keep_hot(hold, entry);
    kept.push_back(entry);
    index.stored(hold, 4096);
    index.keep_hot(hold, entry);
  }
  std::size_t bytes = 0;
  for (const auto& one : kept) {
    if (const auto entry = one.lock()) bytes += entry->memory_bytes();
  }
  EXPECT_GT(bytes, 8U * 4096);
  EXPECT_LE(bytes, 16U * 4096);
}

TEST(IndexTest, ManyThreadsLeaveTheSumsRight) {
  Index index(256, 1 << 20, 10min);
  std::atomic<int> holders[64]{};
  std::atomic<bool> two_at_once{false};
  const auto work = [&](unsigned seed) {
    Waiter waiter;
    for (int i = 0; i < 20'000; ++i) {
      seed = seed * 1664525 + 1013904223;
      const int number = static_cast<int>(seed >> 16) % 64;
      Index::Hold hold;
      std::optional<Key> removed;
      const auto seen = index.use(key(number), hold, {at(i), 0, 1}, removed);
      if (seen.full) continue;
      // The threads do not run in step: no lock may look old because another thread is far ahead.
      if (index.lock(hold, at(i), 24h)) {
        index.await_update(hold, waiter);
        index.forget(hold, waiter);
        continue;
      }
      if (holders[number].fetch_add(1) != 0) two_at_once = true;
      holders[number].fetch_sub(1);
      if ((seed & 0x300) == 0) {
        index.stored(hold, 4096);
      } else if ((seed & 0x300) == 0x100) {
        index.file_missing(hold);
      }
      if ((seed & 0xc00) == 0) {
        hold.release();
        index.take_oldest();
      }
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 1; i <= 4; ++i) threads.emplace_back(work, i * 7919);
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(two_at_once);
  while (index.take_oldest()) {
  }
  EXPECT_EQ(index.size_bytes(), 0);
  EXPECT_EQ(index.entries(), 0U);
}

}  // namespace
}  // namespace baton::cache
