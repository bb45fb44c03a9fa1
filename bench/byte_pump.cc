// The floor of the proxying benches: a program that accepts, connects to one of the servers it was
// given in turn, and copies bytes both ways with one buffer, one recv() and one send() for each
// piece. It parses nothing, logs nothing and balances only whole connections, so what it costs is
// what the kernel costs.
//
//   byte_pump PORT SERVER_PORT...      all on 127.0.0.1, one thread

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

constexpr int events_max = 512;
std::array<char, 65536> buffer;

// One direction's source; `other` is where its bytes go.
struct Side {
  int fd = -1;
  Side* other = nullptr;
  bool closed = false;
  std::vector<char> waiting;  // what the socket did not take yet
};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void watch(int epoll, int fd, void* owner) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = owner;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Sends what `side` still owes. False: the socket is full or gone.
bool drain(Side& side) {
  while (!side.waiting.empty()) {
    const ssize_t sent = ::send(side.fd, side.waiting.data(), side.waiting.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    side.waiting.erase(side.waiting.begin(), side.waiting.begin() + sent);
  }
  return true;
}

// Copies from `side` while there is something and the other one takes it.
void pump(Side& side) {
  Side& to = *side.other;
  while (drain(to)) {
    const ssize_t got = ::recv(side.fd, buffer.data(), buffer.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) side.closed = true;
    if (got <= 0) return;
    const ssize_t sent = ::send(to.fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
    const ssize_t taken = sent < 0 ? 0 : sent;
    if (taken < got) to.waiting.assign(buffer.data() + taken, buffer.data() + got);
    // A short read emptied the socket; the next bytes come with an event of their own.
    if (static_cast<std::size_t>(got) < buffer.size()) return;
  }
}

void end(Side& side) {
  Side* const other = side.other;
  ::close(side.fd);
  ::close(other->fd);
  side.fd = other->fd = -1;
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) {
    std::fputs("usage: byte_pump PORT SERVER_PORT...\n", stderr);
    return 2;
  }
  ::signal(SIGPIPE, SIG_IGN);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in own = loopback(std::atoi(words[1]));
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
      ::listen(listener, 4096) != 0) {
    std::perror("byte_pump");
    return 1;
  }
  const int epoll = ::epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  int turn = 2;
  std::vector<Side*> ended;
  std::array<epoll_event, events_max> events{};
  while (true) {
    const int ready = ::epoll_wait(epoll, events.data(), events_max, -1);
    for (int i = 0; i < ready; ++i) {
      auto* side = static_cast<Side*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (side == nullptr) {
        int accepted = -1;
        while ((accepted = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0) {
          const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
          const sockaddr_in address = loopback(std::atoi(words[turn]));
          turn = turn + 1 < count ? turn + 1 : 2;
          ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address);
          auto* pair = new Side[2];
          pair[0] = {accepted, &pair[1], false, {}};
          pair[1] = {server, &pair[0], false, {}};
          watch(epoll, accepted, &pair[0]);
          watch(epoll, server, &pair[1]);
        }
        continue;
      }
      if (side->fd < 0) continue;
      const auto what = events[static_cast<std::size_t>(i)].events;
      if (what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) pump(*side);
      if ((what & EPOLLOUT) && !side->waiting.empty() && drain(*side)) pump(*side->other);
      if (side->closed && side->other->waiting.empty()) {
        end(*side);
        ended.push_back(side < side->other ? side : side->other);
      }
    }
    // Events of the same batch may still name them.
    for (Side* pair : ended) delete[] pair;
    ended.clear();
  }
}
