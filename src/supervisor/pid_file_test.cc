// Pid files in a folder of the test's own; the lock is tried from a forked process, since a
// process never conflicts with its own record locks.

#include "supervisor/pid_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace baton::supervisor {
namespace {

class PidFileTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/baton-pid-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    path_ = folder_ + "/test.pid";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Runs `question` in a child; true when it says true there.
  template <typename Question>
  static bool asked_in_another_process(Question question) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(question() ? 0 : 1);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(PidFileTest, a_second_process_cannot_lock_a_held_pid_file) {
  auto lock = PidLock::acquire(path_);
  ASSERT_TRUE(lock);
  ASSERT_TRUE(lock->write(::getpid()));
  EXPECT_TRUE(asked_in_another_process([&] {
    auto second = PidLock::acquire(path_);
    return !second && second.error().kind == ErrorKind::unavailable;
  }));
  const pid_t owner = ::getpid();
  EXPECT_TRUE(asked_in_another_process([&] { return lock_holder(path_) == owner; }));
}

TEST_F(PidFileTest, there_is_no_pid_file_before_it_names_the_process) {
  auto lock = PidLock::acquire(path_);
  ASSERT_TRUE(lock);
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(asked_in_another_process([&] {
    auto second = PidLock::acquire(path_);
    return !second && second.error().kind == ErrorKind::unavailable;
  }));
  ASSERT_TRUE(lock->write(4242));
  EXPECT_EQ(read_pid_file(path_), 4242);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".starting"));
}

TEST_F(PidFileTest, what_a_start_that_crashed_leaves_behind_does_not_prevent_the_next) {
  std::ofstream(path_ + ".starting") << "1\n";
  auto lock = PidLock::acquire(path_);
  ASSERT_TRUE(lock);
  ASSERT_TRUE(lock->write(4242));
  EXPECT_EQ(read_pid_file(path_), 4242);
}

TEST_F(PidFileTest, a_stale_pid_file_does_not_prevent_a_start) {
  std::ofstream(path_) << "1\n";
  auto lock = PidLock::acquire(path_);
  ASSERT_TRUE(lock);
  ASSERT_TRUE(lock->write(4242));
  EXPECT_EQ(read_pid_file(path_), 4242);
}

TEST_F(PidFileTest, a_start_that_fails_leaves_the_pid_file_of_another_program_alone) {
  std::ofstream(path_) << "4711\n";
  {
    ASSERT_TRUE(PidLock::acquire(path_));
  }
  EXPECT_EQ(read_pid_file(path_), 4711);
}

TEST_F(PidFileTest, the_file_goes_with_the_lock_but_not_with_a_forked_child) {
  {
    auto lock = PidLock::acquire(path_);
    ASSERT_TRUE(lock);
    ASSERT_TRUE(lock->write(::getpid()));
    EXPECT_TRUE(asked_in_another_process([&] {
      lock->forget();
      return true;
    }));
    EXPECT_TRUE(std::filesystem::exists(path_));
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(PidFileTest, a_plain_pid_file_is_removed_only_while_it_names_the_process) {
  ASSERT_TRUE(write_pid_file(path_, 10));
  remove_pid_file(path_, 11);
  EXPECT_EQ(read_pid_file(path_), 10);
  remove_pid_file(path_, 10);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(PidFileTest, garbage_is_no_pid) {
  std::ofstream(path_) << "abc\n";
  EXPECT_EQ(read_pid_file(path_), std::nullopt);
  std::ofstream(path_) << "0\n";
  EXPECT_EQ(read_pid_file(path_), std::nullopt);
  std::ofstream(path_) << "-5\n";
  EXPECT_EQ(read_pid_file(path_), std::nullopt);
}

TEST_F(PidFileTest, a_file_that_is_renamed_stays_locked_and_leaves_its_name_to_others) {
  auto lock = PidLock::acquire(path_);
  ASSERT_TRUE(lock);
  ASSERT_TRUE(lock->write(::getpid()));
  ASSERT_TRUE(lock->rename(path_ + ".oldbin"));
  EXPECT_TRUE(asked_in_another_process([&] { return PidLock::acquire(path_).has_value(); }));
  EXPECT_TRUE(asked_in_another_process([&] { return !PidLock::acquire(path_ + ".oldbin"); }));
  *lock = PidLock();
  EXPECT_FALSE(std::filesystem::exists(path_ + ".oldbin"));
}

}  // namespace
}  // namespace baton::supervisor
