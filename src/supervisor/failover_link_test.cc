// Both ends of the link on one loop: what the nginx side says reaches the receiver of the other.

#include "supervisor/failover_link.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace baton::supervisor {
namespace {

class Recorder final : public PulseReceiver {
 public:
  void attach(std::uint64_t number, runtime::Fd page, runtime::Fd life) override {
    struct stat info{};
    EXPECT_EQ(::fstat(page.get(), &info), 0);
    EXPECT_EQ(::fstat(life.get(), &info), 0);
    events.push_back("attach " + std::to_string(number));
  }
  void retire(std::uint64_t number, bool last) override {
    events.push_back("retire " + std::to_string(number) + (last ? " last" : ""));
  }
  std::vector<std::string> events;
};

class FailoverLinkTest : public testing::Test {
 protected:
  void TearDown() override {
    loop_->post([this] {
      loop_->cancel_all();
      loop_->stop();
    });
    loop_->run();
    std::filesystem::remove_all(folder_);
  }
  // Turns the loop for `duration`.
  void run_for(Duration duration) {
    runtime::Timer timer(*loop_, [this] { loop_->stop(); });
    timer.arm(loop_->refresh_now() + duration);
    loop_->run();
  }
  static runtime::Fd some_fd() { return runtime::Fd(::memfd_create("test", MFD_CLOEXEC)); }

  static std::string make_folder() {
    char pattern[] = "/tmp/baton-link-XXXXXX";
    return ::mkdtemp(pattern);
  }

  std::string folder_ = make_folder();
  std::string path_ = folder_ + "/failover.sock";
  std::unique_ptr<runtime::Loop> loop_ = std::move(*runtime::Loop::create());
  runtime::TaskScope scope_;
  MemoryLog log_;
  Recorder recorder_;
  FailoverLinkServer server_{*loop_, scope_, log_, recorder_};
  std::vector<std::string> leaving_;
  FailoverLinkClient client_{*loop_, scope_, path_,
                             [this](const std::string& addresses, bool close_idle) {
                               leaving_.push_back((close_idle ? "now " : "") + addresses);
                             }};
};

TEST_F(FailoverLinkTest, generations_are_passed_on_under_numbers_of_the_listening_side) {
  ASSERT_TRUE(server_.listen(path_));
  client_.attach(7, some_fd(), some_fd());
  client_.start();
  client_.attach(8, some_fd(), some_fd());
  client_.retire(7, false);
  run_for(50ms);
  client_.retire(8, true);
  run_for(50ms);
  EXPECT_EQ(recorder_.events,
            (std::vector<std::string>{"attach 1", "attach 2", "retire 1", "retire 2 last"}));
  EXPECT_TRUE(client_.connected());
}

TEST_F(FailoverLinkTest,
       the_nginx_side_may_come_first_and_tells_again_after_a_restart_of_the_other) {
  client_.start();
  client_.attach(1, some_fd(), some_fd());
  run_for(20ms);
  EXPECT_FALSE(client_.connected());
  ASSERT_TRUE(server_.listen(path_));
  run_for(FailoverLinkClient::retry_interval + 200ms);
  EXPECT_TRUE(client_.connected());
  EXPECT_EQ(recorder_.events, std::vector<std::string>{"attach 1"});
}

TEST_F(FailoverLinkTest, the_nginx_side_hears_of_addresses_that_leave_also_when_it_comes_later) {
  ASSERT_TRUE(server_.listen(path_));
  server_.tell_leaving("10.0.0.100 ", true);
  client_.start();
  run_for(50ms);
  server_.tell_leaving("10.0.0.100 10.0.0.101 ", true);
  server_.tell_leaving("", false);
  run_for(50ms);
  EXPECT_EQ(leaving_, (std::vector<std::string>{"10.0.0.100 ", "now 10.0.0.100 10.0.0.101 ", ""}));
}

}  // namespace
}  // namespace baton::supervisor
