// Questions to witnesses on the loopback.

#include "failover/witness_desk.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace baton::failover {
namespace {

using Kind = config::Witness::Kind;

// A server for one connection that says `answer` to whatever it is asked.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof local;
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&local), size), 0);
    EXPECT_EQ(::listen(fd_.get(), 4), 0);
    EXPECT_EQ(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&local), &size), 0);
    port_ = ntohs(local.sin_port);
    if (answer.empty()) return;
    thread_ = std::thread([this, answer = std::move(answer)] {
      const runtime::Fd client(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      char bytes[2048];
      if (::recv(client.get(), bytes, sizeof bytes, 0) <= 0) return;
      static_cast<void>(::send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL));
    });
  }
  ~OneAnswer() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  runtime::Fd fd_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class Desk : public ::testing::Test {
 protected:
  config::Witness witness(Kind kind, std::uint16_t port) {
    config::Witness made;
    made.kind = kind;
    made.address = net::IpAddress::ipv4(127, 0, 0, 1);
    made.port = port;
    made.host = fmt::format("127.0.0.1:{}", port);
    made.target = "/health";
    made.text = "the witness";
    return made;
  }
  // Asks and runs the loop until the answer is there.
  std::pair<bool, std::string> ask(std::vector<config::Witness> witnesses, Duration timeout = 2s) {
    std::optional<std::pair<bool, std::string>> answer;
    desk_.ask("VI_1", {std::move(witnesses), timeout, "lo", {}},
              [&](bool reachable, const std::string& detail) {
                EXPECT_FALSE(asking_) << "answered before ask() has returned";
                answer.emplace(reachable, detail);
                end();
              });
    asking_ = false;
    loop_->run();
    return answer.value_or(std::pair(false, std::string("no answer at all")));
  }
  void end() {
    closing_.spawn([](Desk& self) -> runtime::Task<void> {
      self.loop_->cancel_all();
      co_await self.tasks_.joined();
      self.loop_->stop();
    }(*this));
  }

  bool asking_ = true;
  std::unique_ptr<runtime::Loop> loop_ = std::move(*runtime::Loop::create());
  runtime::TaskScope tasks_;
  runtime::TaskScope closing_;
  LinkTable links_;
  WitnessDesk desk_{*loop_, tasks_, links_};
};

TEST_F(Desk, APortThatIsOpenAnswers) {
  OneAnswer server("");
  const auto [reachable, detail] = ask({witness(Kind::tcp, server.port())});
  EXPECT_TRUE(reachable) << detail;
  EXPECT_NE(detail.find("the witness answered in"), std::string::npos);
}

TEST_F(Desk, APortThatIsClosedIsANoAtOnce) {
  std::uint16_t port = 0;
  {
    OneAnswer server("");
    port = server.port();
  }
  const auto [reachable, detail] = ask({witness(Kind::tcp, port)}, 20s);
  EXPECT_FALSE(reachable);
  EXPECT_NE(detail.find("refused"), std::string::npos) << detail;
}

TEST_F(Desk, AnHttpServerAnswersByItsStatus) {
  OneAnswer server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(ask({witness(Kind::http, server.port())}).first);
}

TEST_F(Desk, AnHttpServerThatFailsIsNoWitness) {
  OneAnswer server("HTTP/1.1 503 Service Unavailable\r\n\r\n");
  EXPECT_FALSE(ask({witness(Kind::http, server.port())}).first);
}

TEST_F(Desk, WhatIsNoHttpIsNoWitness) {
  OneAnswer server("SSH-2.0-OpenSSH_9.2\r\n");
  EXPECT_FALSE(ask({witness(Kind::http, server.port())}).first);
}

TEST_F(Desk, OneOfSeveralIsEnough) {
  OneAnswer alive("");
  std::uint16_t dead = 0;
  {
    OneAnswer server("");
    dead = server.port();
  }
  EXPECT_TRUE(ask({witness(Kind::tcp, dead), witness(Kind::tcp, alive.port())}).first);
}

TEST_F(Desk, SilenceIsANoAfterTheTimeout) {
  OneAnswer server("");  // accepts in the kernel, and never says a word
  const auto [reachable, detail] = ask({witness(Kind::http, server.port())}, 100ms);
  EXPECT_FALSE(reachable);
}

}  // namespace
}  // namespace baton::failover
