// The control socket from both ends: the server on a loop of its own thread, the client blocking.

#include "control/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "control/client.h"
#include "control/local_socket.h"

namespace baton::control {
namespace {

class Echo final : public Commands {
 public:
  runtime::Task<nlohmann::json> execute(std::string command) override {
    co_return nlohmann::json{{"ok", true}, {"text", command}};
  }
};

class ControlTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/baton-control-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    path_ = folder_ + "/control.sock";
    ASSERT_TRUE(server_.listen(path_));
    thread_ = std::thread([this] { loop_->run(); });
  }
  void TearDown() override {
    loop_->post([this] {
      loop_->cancel_all();
      loop_->stop();
    });
    thread_.join();
    std::filesystem::remove_all(folder_);
  }

  std::string folder_;
  std::string path_;
  std::unique_ptr<runtime::Loop> loop_ = std::move(*runtime::Loop::create());
  runtime::TaskScope scope_;
  Echo echo_;
  Server server_{*loop_, scope_, echo_};
  std::thread thread_;
};

TEST_F(ControlTest, a_command_is_answered_and_another_on_the_same_connection) {
  auto client = Client::connect(path_);
  ASSERT_TRUE(client);
  for (const char* command : {"status", "reload"}) {
    const auto answer = client->ask(command, 2s);
    ASSERT_TRUE(answer);
    EXPECT_EQ((*answer)["text"], command);
  }
}

TEST_F(ControlTest, the_socket_is_for_its_owner_alone) {
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(ControlTest, garbage_is_answered_with_a_refusal) {
  auto fd = connect_local(path_, SOCK_STREAM);
  ASSERT_TRUE(fd);
  ASSERT_EQ(::send(fd->get(), "what\n", 5, 0), 5);
  char bytes[256] = {};
  ssize_t got = -1;
  for (int i = 0; i < 200 && got < 0; ++i, ::usleep(5000)) {
    got = ::recv(fd->get(), bytes, sizeof bytes - 1, 0);
  }
  ASSERT_GT(got, 0);
  EXPECT_EQ(nlohmann::json::parse(bytes)["ok"], false);
}

TEST_F(ControlTest, a_living_socket_is_not_taken_over_and_a_dead_one_is) {
  const auto second = listen_local(path_, SOCK_STREAM);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
  const std::string dead = folder_ + "/dead.sock";
  {
    ASSERT_TRUE(listen_local(dead, SOCK_STREAM));
  }
  ASSERT_TRUE(std::filesystem::exists(dead));
  EXPECT_TRUE(listen_local(dead, SOCK_STREAM));
}

TEST_F(ControlTest, sockets_of_all_trees_of_a_folder_are_found) {
  std::ofstream(folder_ + "/control-nginx.sock");
  std::ofstream(folder_ + "/failover.sock");
  EXPECT_EQ(control_sockets(folder_),
            (std::vector<std::string>{folder_ + "/control-nginx.sock", path_}));
  EXPECT_TRUE(control_sockets(folder_ + "/none").empty());
}

TEST(ControlLineTest, a_line_is_valid_whatever_was_put_in) {
  EXPECT_EQ(as_line({{"a", "x\ny\xff"}}), "{\"a\":\"x\\ny\xef\xbf\xbd\"}\n");
}

}  // namespace
}  // namespace baton::control
