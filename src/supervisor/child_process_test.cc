// Real forks with small entries.

#include "supervisor/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <fstream>

namespace baton::supervisor {
namespace {

class Recorder final : public ChildProcess::Owner {
 public:
  explicit Recorder(runtime::Loop& loop) : loop_(loop) {}
  void on_message(ChildProcess&, ipc::Message message) override {
    texts.push_back(std::move(message.text));
  }
  void on_exit(ChildProcess&, runtime::ExitStatus exit) override {
    status = exit;
    loop_.stop();
  }
  std::vector<std::string> texts;
  runtime::ExitStatus status;

 private:
  runtime::Loop& loop_;
};

// Says one thing over the channel, as a child without a loop of its own may.
void say(const runtime::Fd& channel, std::string text) {
  auto loop = std::move(*runtime::Loop::create());
  ipc::Channel out(*loop, runtime::Fd(::dup(channel.get())));
  static_cast<void>(out.send(ipc::MessageType::announce, 0, std::move(text)));
}

class ChildProcessTest : public testing::Test {
 protected:
  ChildProcess::Plan plan(std::function<int(runtime::Fd)> entry) {
    ChildProcess::Plan plan;
    plan.name = "nginx";
    plan.drop_privileges = [] { return Status(); };
    plan.entry = std::move(entry);
    return plan;
  }
  // Runs a child to its end.
  void run(ChildProcess::Plan child) {
    auto started = ChildProcess::start(*loop_, scope_, owner_, child);
    ASSERT_TRUE(started);
    loop_->run();
  }

  std::unique_ptr<runtime::Loop> loop_ = std::move(*runtime::Loop::create());
  runtime::TaskScope scope_;
  Recorder owner_{*loop_};
};

TEST_F(ChildProcessTest, what_a_child_said_is_heard_before_its_end_is_told) {
  run(plan([](runtime::Fd channel) {
    say(channel, "last words");
    return 3;
  }));
  EXPECT_EQ(owner_.texts, std::vector<std::string>{"last words"});
  EXPECT_EQ(described(owner_.status), "exited with code 3");
}

TEST_F(ChildProcessTest, a_child_has_its_name_its_own_group_and_dies_with_its_parent) {
  run(plan([](runtime::Fd channel) {
    char name[16] = {};
    int wish = 0;
    ::prctl(PR_GET_NAME, name);
    ::prctl(PR_GET_PDEATHSIG, &wish);
    say(channel, name);
    return ::getpgrp() == ::getpid() && wish == SIGTERM ? 0 : 1;
  }));
  EXPECT_EQ(owner_.texts, std::vector<std::string>{"nginx"});
  EXPECT_EQ(owner_.status.code, 0);
}

TEST_F(ChildProcessTest, only_what_is_listed_stays_open_in_a_child) {
  const runtime::Fd kept(::dup(1));
  const runtime::Fd other(::dup(1));
  auto child = plan([&](runtime::Fd) {
    const bool kept_is_open = ::fcntl(kept.get(), F_GETFD) >= 0;
    const bool other_is_open = ::fcntl(other.get(), F_GETFD) >= 0;
    return kept_is_open && !other_is_open ? 0 : 1;
  });
  child.kept_fds = {kept.get()};
  run(std::move(child));
  EXPECT_EQ(owner_.status.code, 0);
}

TEST_F(ChildProcessTest, a_child_killed_by_a_signal_is_told_as_such) {
  run(plan([](runtime::Fd) {
    ::raise(SIGKILL);
    return 0;
  }));
  EXPECT_EQ(described(owner_.status), "exited on signal 9");
}

}  // namespace
}  // namespace baton::supervisor
