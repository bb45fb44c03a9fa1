// Connections to upstream servers, and one thread's pool of idle ones.
//
// An idle connection costs no coroutine and no buffer: it is the waiter of its own socket. Bytes
// or end-of-file that arrive while it idles make it useless (the server has nothing to say without
// a request), so it is dropped at once and never handed out. What can still happen is that the
// server closes in the very moment of reuse: such a failure is Retry::if_reused to the exchange.
//
// Limits are the group's: keepalive (idle connections per thread; the one that idles longest makes
// room), keepalive_timeout, keepalive_requests, keepalive_time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/intrusive_list.h"
#include "base/result.h"
#include "runtime/loop.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "upstream/group_use.h"

namespace baton::upstream {

class ConnectionPool;
struct IdleOfGroup;
struct IdleOfPeer;

// A connected stream to one server. Owned by the exchange that uses it; keep() gives it back.
class Connection final : public runtime::Waiter,
                         public ListNode<IdleOfGroup>,
                         public ListNode<IdleOfPeer> {
 public:
  Connection(runtime::Loop& loop, runtime::Fd fd, std::uint32_t number, const Group& group,
             GroupHold hold, const Peer& peer)
      : stream_(loop, std::move(fd), true),
        number_(number),
        group_(&group),
        hold_(std::move(hold)),
        peer_(&peer) {}
  ~Connection();

  [[nodiscard]] runtime::Stream& stream() { return stream_; }
  [[nodiscard]] const Peer& peer() const { return *peer_; }
  // True when an earlier exchange used it: the server may be closing it just now.
  [[nodiscard]] bool reused() const { return requests_ > 1; }
  [[nodiscard]] std::uint32_t requests() const { return requests_; }

 private:
  friend class ConnectionPool;
  void run() override;  // something arrived while idle
  // False when there are bytes, an end or an error to read: not usable for a new request.
  bool is_quiet();

  runtime::Stream stream_;
  ConnectionPool* pool_ = nullptr;  // while idle
  std::uint32_t number_;            // of the group
  const Group* group_;
  GroupHold hold_;  // keeps *group_ and *peer_ where they may go
  const Peer* peer_;
  std::optional<net::Endpoint> from_;  // proxy_bind
  std::uint32_t requests_ = 0;
  Instant connected_at_{};
  Instant idle_since_{};
};

// How a new connection is to be made, and, while it is being made, what is waited for: whoever
// wants to end the wait cancels that.
struct Connecting {
  runtime::ConnectOptions options;
  runtime::Source** source = nullptr;
};

class ConnectionPool {
 public:
  // The loop outlives the pool; the pool outlives the connections that it gave.
  explicit ConnectionPool(runtime::Loop& loop) : loop_(loop) {}
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool() { close_idle(); }

  // The idle connection to `peer`, of group `number`, that was used last and was made `from` that
  // address; null when there is none.
  std::unique_ptr<Connection> take(std::uint32_t number, const Peer& peer,
                                   const std::optional<net::Endpoint>& from = std::nullopt);
  // A new connection. Errors are the upstream's and may be retried: nothing was sent. `hold`: of
  // `group`, if it needs one.
  runtime::Task<Result<std::unique_ptr<Connection>>> connect(std::uint32_t number,
                                                             const Group& group, GroupHold hold,
                                                             const Peer& peer, Instant deadline,
                                                             const Connecting& how);
  // Gives back a connection after a complete exchange that both sides wish to follow with
  // another; closes it when a limit says so.
  void keep(std::unique_ptr<Connection> connection);
  // Closes all idle connections, and from now on those that are given back.
  void drain();
  // Group `number` is `now` from here on: idle connections to servers that stay are kept.
  void move_over(std::uint32_t number, const GroupHold& now);
  void close_idle_of(std::uint32_t number);

  [[nodiscard]] std::size_t idle_count() const { return idle_count_; }

 private:
  friend class Connection;
  struct IdleGroup {
    IntrusiveList<Connection, IdleOfGroup> by_age;  // the longest idle first
    std::vector<IntrusiveList<Connection, IdleOfPeer>> by_peer;
    std::size_t count = 0;
    std::unique_ptr<runtime::Timer> expiry;  // armed for the oldest, or earlier
    GroupHold now;                           // of a group that changes: as it is now
  };

  IdleGroup& idle_group(std::uint32_t number);
  [[nodiscard]] bool follow(Connection& connection, const GroupHold& now);
  void expire(std::uint32_t number);
  void close_idle();
  std::unique_ptr<Connection> remove(Connection& connection);

  runtime::Loop& loop_;
  std::vector<std::unique_ptr<IdleGroup>> groups_;  // null until first used
  std::size_t idle_count_ = 0;
  bool draining_ = false;
};

}  // namespace baton::upstream
