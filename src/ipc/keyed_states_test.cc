// Tables of states by key.

#include "ipc/keyed_states.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

namespace baton::ipc {

namespace {

class KeyedStatesTest : public ::testing::Test {
 protected:
  static constexpr std::size_t bytes = 32768;
  void SetUp() override {
    memory_ = {static_cast<std::byte*>(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                              MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
               bytes};
    KeyedStates::lay_out(memory_);
    table_ = std::make_unique<KeyedStates>(memory_);
  }
  void TearDown() override { ::munmap(memory_.data(), memory_.size()); }

  bool has(const std::string& key) {
    KeyedStates::Lock lock(*table_, table_->hash(key));
    return lock.find() != nullptr;
  }
  bool add(const std::string& key, bool evict = true) {
    KeyedStates::Lock lock(*table_, table_->hash(key));
    return lock.add(evict) != nullptr;
  }

  std::span<std::byte> memory_;
  std::unique_ptr<KeyedStates> table_;
};

TEST_F(KeyedStatesTest, FindsWhatWasAddedUntilItIsRemoved) {
  EXPECT_FALSE(has("a"));
  EXPECT_TRUE(add("a"));
  EXPECT_TRUE(has("a"));
  EXPECT_FALSE(has("b"));
  {
    KeyedStates::Lock lock(*table_, table_->hash("a"));
    lock.remove(*lock.find());
  }
  EXPECT_FALSE(has("a"));
}

TEST_F(KeyedStatesTest, TheStateUsedLongestAgoMakesRoom) {
  const std::size_t capacity = table_->capacity();
  EXPECT_GT(capacity, 400u);
  for (std::size_t i = 0; i < capacity; ++i) EXPECT_TRUE(add(std::to_string(i)));
  EXPECT_TRUE(has("0"));  // and is used by this
  EXPECT_FALSE(add("one more", false));
  EXPECT_TRUE(add("one more"));
  EXPECT_TRUE(has("0"));
  EXPECT_FALSE(has("1"));
  EXPECT_TRUE(has("2"));
}

TEST_F(KeyedStatesTest, ThreadsDoNotLoseCounts) {
  const auto count_up = [&] {
    for (int i = 0; i < 10000; ++i) {
      const std::string key = std::to_string(i % 7);
      KeyedStates::Lock lock(*table_, table_->hash(key));
      KeyedState* state = lock.find();
      if (!state) state = lock.add(true);
      ++state->connections[0];
    }
  };
  std::thread other(count_up);
  count_up();
  other.join();
  std::uint32_t sum = 0;
  for (int i = 0; i < 7; ++i) {
    const std::string key = std::to_string(i);
    KeyedStates::Lock lock(*table_, table_->hash(key));
    sum += lock.find()->connections[0];
  }
  EXPECT_EQ(sum, 20000u);
}

TEST_F(KeyedStatesTest, AProcessThatDiesInsideALockCostsOnlyItsShard) {
  EXPECT_TRUE(add("a"));
  const pid_t child = ::fork();
  if (child == 0) {
    const KeyedStates::Lock lock(*table_, table_->hash("a"));
    ::_exit(0);  // with the lock held
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(has("a"));
  EXPECT_TRUE(add("a"));
  EXPECT_TRUE(has("a"));
}

TEST_F(KeyedStatesTest, ClearingALaneForgetsWhatNobodyElseHolds) {
  for (const auto& [key, lane] : {std::pair{"a", 1}, std::pair{"b", 2}}) {
    KeyedStates::Lock lock(*table_, table_->hash(key));
    lock.add(false)->connections[lane] = 3;
  }
  table_->clear_lane(1);
  EXPECT_FALSE(has("a"));
  EXPECT_TRUE(has("b"));
}

}  // namespace

}  // namespace baton::ipc
