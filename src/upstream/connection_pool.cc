// Keeping, watching, expiring and handing out idle connections.

#include "upstream/connection_pool.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/assert.h"

namespace baton::upstream {

using runtime::Direction;

Connection::~Connection() {
  BATON_ASSERT(!pool_);
}

bool Connection::is_quiet() {
  runtime::Source& source = stream_.source();
  if (source.cancelled() || source.hung_up()) return false;
  if (!source.ready(Direction::read)) return true;
  // The flag may be older than the last read: only the kernel knows.
  char byte = 0;
  const ssize_t got = ::recv(source.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return false;
  source.clear_ready(Direction::read);
  return true;
}

void Connection::run() {
  if (is_quiet()) {
    stream_.source().await_ready(Direction::read, *this);
    return;
  }
  pool_->remove(*this);  // and destroys it
}

std::unique_ptr<Connection> ConnectionPool::remove(Connection& connection) {
  BATON_ASSERT(connection.pool_ == this);
  connection.pool_ = nullptr;
  connection.stream_.source().forget(Direction::read);
  connection.ListNode<runtime::ReadyTag>::unlink();
  connection.ListNode<IdleOfGroup>::unlink();
  connection.ListNode<IdleOfPeer>::unlink();
  --groups_[connection.number_]->count;
  --idle_count_;
  return std::unique_ptr<Connection>(&connection);
}

std::unique_ptr<Connection> ConnectionPool::take(std::uint32_t number, const Peer& peer,
                                                 const std::optional<net::Endpoint>& from) {
  IdleGroup* idle = number < groups_.size() ? groups_[number].get() : nullptr;
  if (!idle || peer.index >= idle->by_peer.size()) return nullptr;
  auto& of_peer = idle->by_peer[peer.index];
  while (Connection* candidate = of_peer.back()) {
    if (candidate->from_ != from) {
      candidate = nullptr;
      of_peer.for_each([&](Connection& each) {
        if (each.from_ == from) candidate = &each;
      });
      if (!candidate) return nullptr;
    }
    // A request that holds the group as it was before: its servers have other numbers.
    if (candidate->peer_ != &peer) return nullptr;
    std::unique_ptr<Connection> connection = remove(*candidate);
    if (!connection->is_quiet()) continue;
    ++connection->requests_;
    return connection;
  }
  return nullptr;
}

runtime::Task<Result<std::unique_ptr<Connection>>> ConnectionPool::connect(
    std::uint32_t number, const Group& group, GroupHold hold, const Peer& peer, Instant deadline,
    const Connecting& how) {
  const auto failed = [](Error error) {
    error.side = Side::upstream;
    error.retry = Retry::yes;
    return std::unexpected(error);
  };
  auto fd = peer.unix_path.empty() ? runtime::begin_connect(peer.endpoint, how.options)
                                   : runtime::begin_connect_unix(peer.unix_path);
  if (!fd) co_return failed(fd.error());
  auto connection =
      std::make_unique<Connection>(loop_, std::move(*fd), number, group, std::move(hold), peer);
  if (how.source) *how.source = &connection->stream_.source();
  const auto connected = co_await connection->stream_.connected(deadline);
  if (how.source) *how.source = nullptr;
  if (!connected) co_return failed(connected.error());
  connection->requests_ = 1;
  connection->from_ = how.options.from;
  connection->connected_at_ = loop_.now();
  co_return std::move(connection);
}

ConnectionPool::IdleGroup& ConnectionPool::idle_group(std::uint32_t number) {
  if (number >= groups_.size()) groups_.resize(number + 1);
  if (!groups_[number]) {
    groups_[number] = std::make_unique<IdleGroup>();
    groups_[number]->expiry =
        std::make_unique<runtime::Timer>(loop_, [this, number] { expire(number); });
  }
  return *groups_[number];
}

// False: its server is not among those of the group as it is now.
bool ConnectionPool::follow(Connection& connection, const GroupHold& now) {
  if (!now || connection.hold_ == now) return true;
  for (const Peer& peer : now->group->peers()) {
    if (peer.shared != connection.peer_->shared || peer.name != connection.peer_->name) continue;
    connection.peer_ = &peer;
    connection.group_ = now->group.get();
    connection.hold_ = now;
    return true;
  }
  return false;
}

void ConnectionPool::keep(std::unique_ptr<Connection> connection) {
  const config::UpstreamGroup& rule = connection->group_->config();
  const Instant now = loop_.now();
  if (draining_ || rule.keepalive_connections == 0 ||
      connection->requests_ >= rule.keepalive_requests ||
      now - connection->connected_at_ > rule.keepalive_time || !connection->is_quiet()) {
    return;
  }
  IdleGroup& idle = idle_group(connection->number_);
  if (!idle.now) idle.now = connection->hold_;
  if (!follow(*connection, idle.now)) return;
  if (idle.by_peer.empty()) {
    idle.by_peer =
        std::vector<IntrusiveList<Connection, IdleOfPeer>>(connection->group_->peers().size());
  }
  if (idle.count >= rule.keepalive_connections) remove(*idle.by_age.front());
  ++idle.count;
  ++idle_count_;
  Connection& kept = *connection.release();
  kept.pool_ = this;
  kept.idle_since_ = now;
  idle.by_age.push_back(kept);
  idle.by_peer[kept.peer_->index].push_back(kept);
  kept.stream_.source().await_ready(Direction::read, kept);
  if (!idle.expiry->armed()) idle.expiry->arm(now + rule.keepalive_timeout);
}

void ConnectionPool::move_over(std::uint32_t number, const GroupHold& now) {
  IdleGroup& idle = idle_group(number);
  idle.now = now;
  std::vector<IntrusiveList<Connection, IdleOfPeer>> by_peer(now->group->peers().size());
  idle.by_age.for_each([&](Connection& connection) {
    if (!follow(connection, now)) {
      remove(connection);
      return;
    }
    connection.ListNode<IdleOfPeer>::unlink();
    by_peer[connection.peer_->index].push_back(connection);
  });
  // Lists do not move: their elements point back to them.
  idle.by_peer = std::vector<IntrusiveList<Connection, IdleOfPeer>>(by_peer.size());
  for (std::size_t i = 0; i < by_peer.size(); ++i) idle.by_peer[i].take_all(by_peer[i]);
}

void ConnectionPool::expire(std::uint32_t number) {
  IdleGroup& idle = *groups_[number];
  while (Connection* oldest = idle.by_age.front()) {
    const Duration timeout = oldest->group_->config().keepalive_timeout;
    if (loop_.now() < oldest->idle_since_ + timeout) {
      idle.expiry->arm(oldest->idle_since_ + timeout);
      return;
    }
    remove(*oldest);
  }
}

void ConnectionPool::close_idle_of(std::uint32_t number) {
  if (number >= groups_.size() || !groups_[number]) return;
  while (Connection* connection = groups_[number]->by_age.front()) remove(*connection);
  groups_[number].reset();
}

void ConnectionPool::close_idle() {
  for (auto& idle : groups_) {
    if (!idle) continue;
    while (Connection* connection = idle->by_age.front()) remove(*connection);
    idle->expiry->cancel();
  }
}

void ConnectionPool::drain() {
  draining_ = true;
  close_idle();
}

}  // namespace baton::upstream
