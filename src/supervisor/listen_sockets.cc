// socket(), options, bind(), listen(), in nginx's order and with nginx's words on failure.

#include "supervisor/listen_sockets.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/assert.h"

namespace baton::supervisor {

namespace {

void set_option(int fd, int level, int name, int value) {
  // Options are wishes: a kernel without one of them still serves.
  static_cast<void>(::setsockopt(fd, level, name, &value, sizeof(value)));
}

// What may be changed on a living listening socket.
void apply_settings(int fd, const config::Listener& listener) {
  if (listener.receive_buffer_bytes) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, *listener.receive_buffer_bytes);
  }
  if (listener.send_buffer_bytes) {
    set_option(fd, SOL_SOCKET, SO_SNDBUF, *listener.send_buffer_bytes);
  }
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, listener.keepalive_probes);
  if (listener.address.unix_path.empty()) {
    // Waking up without data for a second is bearable; nginx uses the same value.
    set_option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, listener.deferred ? 1 : 0);
    const auto set_seconds = [fd](int name, const std::optional<Duration>& value) {
      if (value) set_option(fd, IPPROTO_TCP, name, static_cast<int>(to_seconds(*value)));
    };
    set_seconds(TCP_KEEPIDLE, listener.keepalive_idle);
    set_seconds(TCP_KEEPINTVL, listener.keepalive_interval);
    if (listener.fast_open_queue) {
      set_option(fd, IPPROTO_TCP, TCP_FASTOPEN, *listener.fast_open_queue);
    }
    if (listener.keepalive_count) {
      set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, *listener.keepalive_count);
    }
  }
}

unsigned socket_address(const config::ListenAddress& address, sockaddr_storage& into) {
  if (address.unix_path.empty()) return address.endpoint.to_sockaddr(into);
  auto& local = reinterpret_cast<sockaddr_un&>(into);
  local.sun_family = AF_UNIX;
  const std::size_t length = std::min(address.unix_path.size(), sizeof(local.sun_path) - 1);
  std::memcpy(local.sun_path, address.unix_path.data(), length);
  local.sun_path[length] = '\0';
  return static_cast<unsigned>(offsetof(sockaddr_un, sun_path) + length + 1);
}

// A bound socket that does not listen yet; none, with `problem` and errno, on failure.
runtime::Fd bind_socket(const config::Listener& listener, bool share_port, std::string& problem) {
  const auto& address = listener.address;
  sockaddr_storage name{};
  const unsigned length = socket_address(address, name);
  runtime::Fd fd(::socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) {
    problem = fmt::format("socket() {} failed ({}: {})", address.text(), errno, ::strerror(errno));
    return fd;
  }
  if (address.unix_path.empty()) {
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (share_port) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
    // The virtual address may not be here yet.
    if (listener.free_bind) {
      set_option(fd.get(), IPPROTO_IP, IP_FREEBIND, 1);
      if (name.ss_family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_FREEBIND, 1);
    }
    if (name.ss_family == AF_INET6) {
      set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, listener.ipv6_only);
    }
  }
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0) {
    const int reason = errno;
    problem =
        fmt::format("bind() to {} failed ({}: {})", address.text(), reason, ::strerror(reason));
    fd.reset();
    errno = reason;
  }
  return fd;
}

std::string listen_problem(const config::Listener& listener) {
  return fmt::format("listen() to {}, backlog {} failed ({}: {})", listener.address.text(),
                     listener.backlog, errno, ::strerror(errno));
}

// Removes a unix socket file that nobody listens on any more (left by a crash).
void remove_stale_unix_socket(const config::ListenAddress& address) {
  struct stat info{};
  if (::lstat(address.unix_path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  sockaddr_storage name{};
  const unsigned length = socket_address(address, name);
  runtime::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return;
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0 &&
      errno == ECONNREFUSED) {
    ::unlink(address.unix_path.c_str());
  }
}

bool overlap(const config::ListenAddress& a, const config::ListenAddress& b) {
  if (!a.unix_path.empty() || !b.unix_path.empty()) return a.unix_path == b.unix_path;
  if (a.endpoint.port != b.endpoint.port) return false;
  // A wildcard of either family may cover the other (ipv6only=off).
  return a.endpoint.address.is_any() || b.endpoint.address.is_any() ||
         a.endpoint.address == b.endpoint.address;
}

// What a socket that somebody else has bound is known by.
std::optional<std::pair<config::ListenAddress, bool>> key_of_socket(int fd) {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) return std::nullopt;
  config::ListenAddress address;
  if (name.ss_family == AF_UNIX) {
    const auto& local = reinterpret_cast<const sockaddr_un&>(name);
    const std::size_t room = length - offsetof(sockaddr_un, sun_path);
    address.unix_path.assign(local.sun_path, ::strnlen(local.sun_path, room));
    return std::pair(address, true);
  }
  const auto endpoint = net::Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&name));
  if (!endpoint) return std::nullopt;
  address.endpoint = *endpoint;
  int only = 1;
  socklen_t size = sizeof only;
  if (name.ss_family == AF_INET6) ::getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size);
  return std::pair(address, only != 0);
}

}  // namespace

ListenSockets::Key ListenSockets::key_of(const config::Listener& listener) {
  const auto& address = listener.address;
  const bool is_ipv6 = address.unix_path.empty() && !address.endpoint.address.is_ipv4();
  return {address, !is_ipv6 || listener.ipv6_only};
}

bool ListenSockets::holds_overlapping(const std::map<Key, Opened>& fresh,
                                      const config::ListenAddress& address) const {
  for (const auto* held : {&fresh, &opened_}) {
    for (const auto& [key, opened] : *held) {
      if (!opened.sockets.empty() && overlap(key.first, address)) return true;
    }
  }
  return false;
}

bool ListenSockets::open_one(const config::Listener& listener, std::uint32_t threads,
                             std::map<Key, Opened>& fresh, std::string& problem) {
  const bool is_unix = !listener.address.unix_path.empty();
  const Key key = key_of(listener);
  const auto held = opened_.find(key);
  const std::size_t have = held == opened_.end() ? 0 : held->second.sockets.size();
  const std::size_t wanted = is_unix ? 1 : threads;
  if (have == 0 && is_unix) remove_stale_unix_socket(listener.address);
  if (have == 0 && !is_unix && !holds_overlapping(fresh, listener.address)) {
    // The trial: bound without SO_REUSEPORT and closed again.
    if (!bind_socket(listener, false, problem)) return false;
  }
  auto& sockets = fresh[key].sockets;
  for (std::size_t i = have; i < wanted; ++i) {
    runtime::Fd fd = bind_socket(listener, !is_unix, problem);
    if (!fd) return false;
    apply_settings(fd.get(), listener);
    if (is_unix) ::chmod(listener.address.unix_path.c_str(), 0666);
    if (::listen(fd.get(), listener.backlog) != 0) {
      problem = listen_problem(listener);
      return false;
    }
    sockets.push_back(std::move(fd));
  }
  return true;
}

bool ListenSockets::open(const std::vector<config::Listener>& listeners, std::uint32_t threads,
                         std::string& problem) {
  std::map<Key, Opened> fresh;
  for (const auto& listener : listeners) {
    if (!open_one(listener, threads, fresh, problem)) {
      // Socket files of ours that were made in vain must not stay.
      for (const auto& [key, opened] : fresh) {
        if (!key.first.unix_path.empty() && !opened.sockets.empty()) {
          ::unlink(key.first.unix_path.c_str());
        }
      }
      return false;
    }
  }
  for (const auto& listener : listeners) {
    auto& opened = opened_[key_of(listener)];
    for (const auto& fd : opened.sockets) {
      apply_settings(fd.get(), listener);
      static_cast<void>(::listen(fd.get(), listener.backlog));
    }
    for (auto& fd : fresh[key_of(listener)].sockets) opened.sockets.push_back(std::move(fd));
    fresh.erase(key_of(listener));
  }
  return true;
}

std::string ListenSockets::try_to_listen(const std::vector<config::Listener>& listeners) {
  for (const auto& listener : listeners) {
    const std::string& path = listener.address.unix_path;
    std::string problem;
    const runtime::Fd fd = bind_socket(listener, false, problem);
    if (!fd && errno == EADDRINUSE) continue;
    if (!fd) return problem;
    const bool listens = ::listen(fd.get(), listener.backlog) == 0 || errno == EADDRINUSE;
    if (!listens) problem = listen_problem(listener);
    if (!path.empty()) ::unlink(path.c_str());
    if (!listens) return problem;
  }
  return "";
}

void ListenSockets::keep_only(const std::vector<config::Listener>& listeners) {
  std::map<Key, Opened> kept;
  for (const auto& listener : listeners) {
    if (auto node = opened_.extract(key_of(listener))) kept.insert(std::move(node));
  }
  for (const auto& [key, opened] : opened_) {
    const std::string& path = key.first.unix_path;
    if (!path.empty() && !files_are_shared_) ::unlink(path.c_str());
  }
  opened_ = std::move(kept);
}

void ListenSockets::adopt(std::vector<runtime::Fd> sockets) {
  for (runtime::Fd& fd : sockets) {
    const auto key = key_of_socket(fd.get());
    if (!key) continue;
    // Others of the same address can join only when all of them allow it.
    if (key->first.unix_path.empty()) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
    opened_[*key].sockets.push_back(std::move(fd));
  }
}

std::vector<int> ListenSockets::descriptors() const {
  std::vector<int> result;
  for (const auto& [key, opened] : opened_) {
    for (const auto& fd : opened.sockets) result.push_back(fd.get());
  }
  return result;
}

std::vector<proxy::ListenSockets> ListenSockets::take(
    const std::vector<config::Listener>& listeners) {
  std::vector<proxy::ListenSockets> result;
  for (const auto& listener : listeners) {
    const auto held = opened_.find(key_of(listener));
    BATON_ASSERT(held != opened_.end());
    result.push_back({std::move(held->second.sockets)});
    held->second.sockets.clear();
  }
  return result;
}

std::vector<int> ListenSockets::descriptors(const std::vector<config::Listener>& listeners) const {
  std::vector<int> result;
  for (const auto& listener : listeners) {
    const auto held = opened_.find(key_of(listener));
    if (held == opened_.end()) continue;
    for (const auto& fd : held->second.sockets) result.push_back(fd.get());
  }
  return result;
}

std::size_t ListenSockets::count() const {
  std::size_t sum = 0;
  for (const auto& [key, opened] : opened_) sum += opened.sockets.size();
  return sum;
}

}  // namespace baton::supervisor
