// Real sockets on loopback ports that the kernel picks.

#include "supervisor/listen_sockets.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace baton::supervisor {
namespace {

// A TCP port on 127.0.0.1 on which a foreign socket listens while the object lives.
class ForeignListener {
 public:
  ForeignListener() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_storage name{};
    unsigned length = net::Endpoint{net::IpAddress::ipv4(127, 0, 0, 1), 0}.to_sockaddr(name);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&name), length), 0);
    EXPECT_EQ(::listen(fd_.get(), 1), 0);
    EXPECT_EQ(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&name), &length), 0);
    port_ = net::Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&name))->port;
  }
  std::uint16_t port() const { return port_; }
  std::uint16_t release() {
    fd_.reset();
    return port_;
  }

 private:
  runtime::Fd fd_;
  std::uint16_t port_ = 0;
};

config::Listener tcp(std::uint16_t port,
                     net::IpAddress address = net::IpAddress::ipv4(127, 0, 0, 1)) {
  config::Listener listener;
  listener.address.endpoint = {address, port};
  return listener;
}

TEST(ListenSocketsTest, one_socket_per_thread_all_of_them_listening) {
  ListenSockets sockets;
  std::string problem;
  const std::vector listeners = {tcp(ForeignListener().release())};
  ASSERT_TRUE(sockets.open(listeners, 3, problem)) << problem;
  const auto taken = sockets.take(listeners);
  ASSERT_EQ(taken.size(), 1u);
  ASSERT_EQ(taken[0].sockets.size(), 3u);
  for (const auto& fd : taken[0].sockets) {
    int listening = 0;
    socklen_t length = sizeof(listening);
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &length);
    EXPECT_EQ(listening, 1);
  }
}

TEST(ListenSocketsTest, trying_minds_no_foreign_listener_and_leaves_nothing_behind) {
  ForeignListener foreign;
  const std::string path = fmt::format("/tmp/baton-try-{}.sock", ::getpid());
  config::Listener local;
  local.address.unix_path = path;
  EXPECT_EQ(ListenSockets::try_to_listen({tcp(foreign.port()), local}), "");
  EXPECT_FALSE(std::filesystem::exists(path));
  local.address.unix_path = "/tmp/baton-nowhere/none.sock";
  EXPECT_EQ(ListenSockets::try_to_listen({tcp(foreign.port()), local}),
            "bind() to unix:/tmp/baton-nowhere/none.sock failed (2: No such file or directory)");
}

TEST(ListenSocketsTest, a_foreign_listener_is_told_in_the_words_of_nginx_and_nothing_changes) {
  ForeignListener foreign;
  ListenSockets sockets;
  std::string problem;
  const std::vector first = {tcp(ForeignListener().release())};
  ASSERT_TRUE(sockets.open(first, 1, problem)) << problem;
  EXPECT_FALSE(sockets.open({first[0], tcp(foreign.port())}, 1, problem));
  EXPECT_EQ(problem, fmt::format("bind() to 127.0.0.1:{} failed (98: Address already in use)",
                                 foreign.port()));
  EXPECT_EQ(sockets.count(), 1u);
}

TEST(ListenSocketsTest, a_second_instance_cannot_join_by_sharing_the_port) {
  ListenSockets first;
  ListenSockets second;
  std::string problem;
  const std::vector listeners = {tcp(ForeignListener().release())};
  ASSERT_TRUE(first.open(listeners, 2, problem)) << problem;
  EXPECT_FALSE(second.open(listeners, 2, problem));
}

TEST(ListenSocketsTest, a_wildcard_and_one_of_its_addresses_go_together) {
  ListenSockets sockets;
  std::string problem;
  const std::uint16_t port = ForeignListener().release();
  const std::vector listeners = {tcp(port, net::IpAddress::any(net::Family::ipv4)), tcp(port)};
  EXPECT_TRUE(sockets.open(listeners, 2, problem)) << problem;
  EXPECT_EQ(sockets.count(), 4u);
}

TEST(ListenSocketsTest, a_reload_keeps_sockets_adds_for_new_threads_and_closes_removed_ones) {
  ListenSockets sockets;
  std::string problem;
  const auto kept = tcp(ForeignListener().release());
  const auto removed = tcp(ForeignListener().release());
  ASSERT_TRUE(sockets.open({kept, removed}, 1, problem)) << problem;
  ASSERT_TRUE(sockets.open({kept}, 4, problem)) << problem;
  EXPECT_EQ(sockets.count(), 5u);
  sockets.keep_only({kept});
  EXPECT_EQ(sockets.count(), 4u);
  ListenSockets other;
  EXPECT_TRUE(other.open({removed}, 1, problem)) << problem;
}

TEST(ListenSocketsTest, an_address_that_is_not_here_yet_can_be_listened_on) {
  ListenSockets sockets;
  std::string problem;
  EXPECT_TRUE(sockets.open({tcp(ForeignListener().release(), net::IpAddress::ipv4(192, 0, 2, 77))},
                           1, problem))
      << problem;
}

TEST(ListenSocketsTest, a_stale_unix_socket_is_replaced_and_a_living_one_is_not) {
  char pattern[] = "/tmp/baton-listen-XXXXXX";
  const std::string folder = ::mkdtemp(pattern);
  config::Listener listener;
  listener.address.unix_path = folder + "/s";
  std::string problem;
  ListenSockets sockets;
  ASSERT_TRUE(sockets.open({listener}, 2, problem)) << problem;
  EXPECT_EQ(sockets.count(), 1u);
  ListenSockets second;
  EXPECT_FALSE(second.open({listener}, 2, problem));
  EXPECT_TRUE(std::filesystem::exists(listener.address.unix_path));
  // A crash: the descriptors go, the file stays.
  sockets.take({listener});
  EXPECT_TRUE(second.open({listener}, 2, problem)) << problem;
  second.close_all();
  std::filesystem::remove_all(folder);
}

TEST(ListenSocketsTest, sockets_of_another_binary_are_taken_and_others_may_join_them) {
  const auto listener = tcp(ForeignListener().release());
  ListenSockets before;
  std::string problem;
  ASSERT_TRUE(before.open({listener}, 2, problem)) << problem;
  ListenSockets after;
  auto taken = before.take({listener});
  after.adopt(std::move(taken[0].sockets));
  EXPECT_EQ(after.count(), 2u);
  EXPECT_TRUE(after.open({listener}, 3, problem)) << problem;
  EXPECT_EQ(after.count(), 3u);
}

TEST(ListenSocketsTest, a_socket_that_cannot_be_shared_by_itself_is_made_to) {
  const std::uint16_t port = ForeignListener().release();
  runtime::Fd plain(::socket(AF_INET, SOCK_STREAM, 0));
  const int on = 1;
  ::setsockopt(plain.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_storage name{};
  const unsigned length = tcp(port).address.endpoint.to_sockaddr(name);
  ASSERT_EQ(::bind(plain.get(), reinterpret_cast<sockaddr*>(&name), length), 0);
  ASSERT_EQ(::listen(plain.get(), 5), 0);
  ListenSockets sockets;
  std::vector<runtime::Fd> inherited;
  inherited.push_back(std::move(plain));
  sockets.adopt(std::move(inherited));
  std::string problem;
  EXPECT_TRUE(sockets.open({tcp(port)}, 2, problem)) << problem;
  EXPECT_EQ(sockets.count(), 2u);
}

TEST(ListenSocketsTest, files_that_another_tree_uses_are_left) {
  char pattern[] = "/tmp/baton-listen-XXXXXX";
  const std::string folder = ::mkdtemp(pattern);
  config::Listener listener;
  listener.address.unix_path = folder + "/s";
  std::string problem;
  ListenSockets sockets;
  ASSERT_TRUE(sockets.open({listener}, 1, problem)) << problem;
  sockets.share_files(true);
  sockets.close_all();
  EXPECT_TRUE(std::filesystem::exists(listener.address.unix_path));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace baton::supervisor
