// Real scripts through /bin/sh, on a real loop.

#include "supervisor/script_runner.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace baton::supervisor {
namespace {

class ScriptRunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/baton-script-XXXXXX";
    folder_ = ::mkdtemp(pattern);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  ipc::ScriptResult run(std::vector<std::string> arguments, Duration timeout = 5s) {
    ScriptRunner::Job job;
    job.ticket = 7;
    job.arguments = std::move(arguments);
    job.user = {"", ::getuid(), ::getgid()};
    job.timeout = timeout;
    ipc::ScriptResult result;
    runner_.run(std::move(job), [&](std::uint64_t ticket, const ipc::ScriptResult& got) {
      EXPECT_EQ(ticket, 7u);
      result = got;
      loop_->stop();
    });
    loop_->run();
    return result;
  }
  std::string contents(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ + "/" + name).rdbuf();
    return text.str();
  }

  std::string folder_;
  std::unique_ptr<runtime::Loop> loop_ = std::move(*runtime::Loop::create());
  runtime::TaskScope scope_;
  ScriptRunner runner_{*loop_, scope_};
};

TEST_F(ScriptRunnerTest, the_exit_code_comes_back) {
  const auto result = run({"/bin/sh", "-c", "exit 3"});
  EXPECT_EQ(result.outcome, ipc::ScriptOutcome::exited);
  EXPECT_EQ(result.code, 3);
  EXPECT_GT(result.took, 0s);
}

TEST_F(ScriptRunnerTest, a_program_that_is_not_there_is_told_by_its_errno) {
  const auto result = run({"/nonexistent/check.sh"});
  EXPECT_EQ(result.outcome, ipc::ScriptOutcome::not_started);
  EXPECT_EQ(result.code, ENOENT);
}

TEST_F(ScriptRunnerTest, a_script_over_its_timeout_is_ended_with_all_that_it_started) {
  const auto result =
      run({"/bin/sh", "-c", "sleep 30 & echo $! > " + folder_ + "/pid; sleep 30"}, 200ms);
  EXPECT_EQ(result.outcome, ipc::ScriptOutcome::timed_out);
  EXPECT_LT(result.took, 2s);
  const pid_t left = std::stoi(contents("pid"));
  for (int i = 0; i < 100 && ::kill(left, 0) == 0; ++i) {
    // An orphan that nobody reaps here (no init) still answers: a zombie is dead enough.
    std::ifstream stat("/proc/" + std::to_string(left) + "/stat");
    std::string line;
    std::getline(stat, line);
    if (line.find(") Z ") != std::string::npos) break;
    ::usleep(10'000);
    ASSERT_LT(i, 99);
  }
}

TEST_F(ScriptRunnerTest, a_script_that_ignores_term_is_killed_two_seconds_later) {
  const auto result = run({"/bin/sh", "-c", "trap '' TERM; while :; do sleep 1; done"}, 500ms);
  EXPECT_EQ(result.outcome, ipc::ScriptOutcome::timed_out);
  EXPECT_GE(result.took, 2s);
  EXPECT_LT(result.took, 4s);
}

TEST_F(ScriptRunnerTest, a_script_has_null_as_input_and_a_session_of_its_own) {
  const auto result =
      run({"/bin/sh", "-c",
           "readlink /proc/self/fd/0 > " + folder_ + "/in; cut -d' ' -f6 /proc/$$/stat > " +
               folder_ + "/session; echo $$ > " + folder_ + "/pid"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(contents("in"), "/dev/null\n");
  EXPECT_EQ(contents("session"), contents("pid"));
}

TEST(FindScriptTest, notify_gets_kind_name_state_and_priority_appended) {
  config::Failover config;
  config::VrrpInstance instance;
  instance.name = "VI_1";
  instance.notify.any = config::ScriptCommand{{"/n.sh", "x"}, {}, {}};
  instance.notify.master = config::ScriptCommand{{"/m.sh"}, {}, {}};
  config.instances.push_back(instance);
  ipc::ScriptRequest request;
  request.kind = ipc::ScriptRequest::Kind::notify_instance;
  request.state = "MASTER";
  request.priority = 100;
  EXPECT_EQ(find_script(config, request)->arguments,
            (std::vector<std::string>{"/n.sh", "x", "INSTANCE", "VI_1", "MASTER", "100"}));
  request.event = ipc::ScriptRequest::Event::master;
  EXPECT_EQ(find_script(config, request)->arguments, std::vector<std::string>{"/m.sh"});
  request.event = ipc::ScriptRequest::Event::backup;
  EXPECT_FALSE(find_script(config, request));
}

TEST(FindScriptTest, an_index_that_the_configuration_does_not_have_finds_nothing) {
  const config::Failover config;
  for (const auto kind : {ipc::ScriptRequest::Kind::check, ipc::ScriptRequest::Kind::notify_group,
                          ipc::ScriptRequest::Kind::notify_instance}) {
    ipc::ScriptRequest request;
    request.kind = kind;
    EXPECT_FALSE(find_script(config, request));
  }
}

TEST(FindScript, NotificationsSayInTheirEnvironmentWhatHasHappened) {
  config::Failover config;
  config.instances.emplace_back().name = "VI_1";
  config.instances[0].notify.master = config::ScriptCommand{{"/m.sh"}, {}, {}};
  ipc::ScriptRequest request;
  request.kind = ipc::ScriptRequest::Kind::notify_instance;
  request.event = ipc::ScriptRequest::Event::master;
  request.state = "MASTER";
  request.priority = 90;
  using Environment = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(find_script(config, request)->environment, (Environment{{"BATON_TYPE", "INSTANCE"},
                                                                    {"BATON_NAME", "VI_1"},
                                                                    {"BATON_STATE", "MASTER"},
                                                                    {"BATON_PRIORITY", "90"}}));
}

}  // namespace
}  // namespace baton::supervisor
