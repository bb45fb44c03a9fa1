// Idle connections over loopback: reuse, limits, and what arrives while they idle.

#include "upstream/connection_pool.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "upstream/thread_upstreams.h"

namespace baton::upstream {
namespace {

using ConnectionResult = Result<std::unique_ptr<Connection>>;

class ConnectionPoolTest : public testing::Test {
 protected:
  ConnectionPoolTest() {
    // A listening socket whose connections the tests accept themselves.
    listener = runtime::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage address{};
    const auto any_port = net::Endpoint{net::IpAddress::ipv4(127, 0, 0, 1), 0};
    const socklen_t size = any_port.to_sockaddr(address);
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener.get(), 16), 0);
    socklen_t length = sizeof(address);
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length);
    config::UpstreamServer server;
    server.endpoint = *net::Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address));
    config.upstreams.resize(1);
    config.upstreams[0].name = "web";
    config.upstreams[0].servers.push_back(server);
  }
  void start() {
    EXPECT_TRUE(name_slots(*region, config, 1));
    upstreams = std::make_unique<Upstreams>(config, *region, 1);
    thread = std::make_unique<ThreadUpstreams>(*loop, *upstreams);
  }
  ConnectionPool& pool() { return thread->pool(); }
  const Peer& peer() { return upstreams->group(0).peers()[0]; }

  void run(runtime::Task<void> task) {
    runtime::TaskScope scope;
    scope.spawn(finish(std::move(task)));
    if (scope.running()) loop->run();
  }
  runtime::Task<void> finish(runtime::Task<void> task) {
    co_await task;
    loop->stop();
  }
  ConnectionResult connect(const std::optional<net::Endpoint>& from = std::nullopt) {
    std::optional<ConnectionResult> result;
    Connecting how;
    how.options.from = from;
    run([](ConnectionPoolTest& test, const Connecting& how,
           std::optional<ConnectionResult>& into) -> runtime::Task<void> {
      auto made =
          co_await test.thread->connect(0, nullptr, test.peer(), test.loop->now() + 2s, how);
      into.emplace(std::move(made));
    }(*this, how, result));
    return std::move(*result);
  }
  void turn_for(Duration duration) {
    runtime::Timer timer(*loop, [&] { loop->stop(); });
    timer.arm(loop->refresh_now() + duration);
    loop->run();
  }
  runtime::Fd accept() { return runtime::Fd(::accept(listener.get(), nullptr, nullptr)); }

  config::Proxy config;
  runtime::Fd listener;
  std::unique_ptr<ipc::SharedRegion> region = std::move(*ipc::SharedRegion::create());
  std::unique_ptr<runtime::Loop> loop = std::move(*runtime::Loop::create());
  std::unique_ptr<Upstreams> upstreams;
  std::unique_ptr<ThreadUpstreams> thread;
};

TEST_F(ConnectionPoolTest, AKeptConnectionIsGivenOutAgain) {
  start();
  auto connection = connect().value();
  EXPECT_FALSE(connection->reused());
  Connection* const first = connection.get();
  pool().keep(std::move(connection));
  EXPECT_EQ(pool().idle_count(), 1u);
  auto again = pool().take(0, peer());
  EXPECT_EQ(again.get(), first);
  EXPECT_TRUE(again->reused());
  EXPECT_EQ(pool().idle_count(), 0u);
  EXPECT_EQ(pool().take(0, peer()), nullptr);
}

TEST_F(ConnectionPoolTest, AConnectionServesOnlyWhoConnectsFromTheSameAddress) {
  start();
  const net::Endpoint there{net::IpAddress::ipv4(127, 0, 0, 2), 0};
  auto bound = connect(there).value();
  auto plain = connect().value();
  const Connection* const from_there = bound.get();
  const Connection* const from_anywhere = plain.get();
  pool().keep(std::move(bound));
  pool().keep(std::move(plain));
  EXPECT_EQ(pool().take(0, peer(), net::Endpoint{net::IpAddress::ipv4(127, 0, 0, 3), 0}), nullptr);
  EXPECT_EQ(pool().take(0, peer(), there).get(), from_there);
  EXPECT_EQ(pool().take(0, peer(), there), nullptr);
  EXPECT_EQ(pool().take(0, peer()).get(), from_anywhere);
}

TEST_F(ConnectionPoolTest, AConnectionThatTheServerClosesWhileIdleIsDropped) {
  start();
  pool().keep(connect().value());
  accept();  // and closes at once
  turn_for(20ms);
  EXPECT_EQ(pool().idle_count(), 0u);
}

TEST_F(ConnectionPoolTest, BytesWithoutARequestMakeAConnectionUseless) {
  start();
  auto server = [&] {
    pool().keep(connect().value());
    return accept();
  }();
  ASSERT_EQ(::send(server.get(), "HTTP/1.1 408 \r\n", 15, 0), 15);
  turn_for(20ms);
  EXPECT_EQ(pool().idle_count(), 0u);
}

TEST_F(ConnectionPoolTest, ACloseThatTheLoopHasNotYetRunIsSeenAtTake) {
  start();
  pool().keep(connect().value());
  accept();
  // The event is noted in the same turn in which this runs before the connection's waiter.
  bool taken = true;
  turn_for(1ms);
  taken = pool().take(0, peer()) != nullptr;
  EXPECT_FALSE(taken);
}

TEST_F(ConnectionPoolTest, TheLongestIdleMakesRoomWhenTheLimitIsReached) {
  config.upstreams[0].keepalive_connections = 2;
  start();
  auto first = connect().value();
  auto second = connect().value();
  auto third = connect().value();
  Connection* const newest = third.get();
  Connection* const middle = second.get();
  pool().keep(std::move(first));
  pool().keep(std::move(second));
  pool().keep(std::move(third));
  EXPECT_EQ(pool().idle_count(), 2u);
  auto taken = pool().take(0, peer());
  EXPECT_EQ(taken.get(), newest);
  auto other = pool().take(0, peer());
  EXPECT_EQ(other.get(), middle);
}

TEST_F(ConnectionPoolTest, IdleConnectionsExpire) {
  config.upstreams[0].keepalive_timeout = 30ms;
  start();
  pool().keep(connect().value());
  turn_for(10ms);
  EXPECT_EQ(pool().idle_count(), 1u);
  turn_for(40ms);
  EXPECT_EQ(pool().idle_count(), 0u);
}

TEST_F(ConnectionPoolTest, AConnectionIsNotKeptAfterKeepaliveRequests) {
  config.upstreams[0].keepalive_requests = 2;
  start();
  pool().keep(connect().value());
  auto again = pool().take(0, peer());
  EXPECT_EQ(again->requests(), 2u);
  pool().keep(std::move(again));
  EXPECT_EQ(pool().idle_count(), 0u);
}

TEST_F(ConnectionPoolTest, KeepaliveZeroKeepsNothing) {
  config.upstreams[0].keepalive_connections = 0;
  start();
  pool().keep(connect().value());
  EXPECT_EQ(pool().idle_count(), 0u);
}

TEST_F(ConnectionPoolTest, DrainClosesIdleConnectionsAndKeepsNoMore) {
  start();
  auto busy = connect().value();
  pool().keep(connect().value());
  pool().drain();
  EXPECT_EQ(pool().idle_count(), 0u);
  pool().keep(std::move(busy));
  EXPECT_EQ(pool().idle_count(), 0u);
}

TEST_F(ConnectionPoolTest, ARefusedConnectionIsTheUpstreamsErrorAndMayBeRetried) {
  start();
  listener.reset();
  const auto refused = connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::refused);
  EXPECT_EQ(refused.error().side, Side::upstream);
  EXPECT_EQ(refused.error().retry, Retry::yes);
}

TEST_F(ConnectionPoolTest, ConnectionsOfTheLoopEndWhenItIsCancelled) {
  start();
  pool().keep(connect().value());
  loop->cancel_all();
  turn_for(5ms);
  EXPECT_EQ(pool().idle_count(), 0u);
}

}  // namespace
}  // namespace baton::upstream
