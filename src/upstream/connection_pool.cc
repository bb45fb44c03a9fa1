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

ConnectionPool::ConnectionPool(runtime::Loop& loop, const Upstreams& upstreams)
    : loop_(loop), upstreams_(upstreams), groups_(upstreams.size()) {}

std::unique_ptr<Connection> ConnectionPool::remove(Connection& connection) {
  BATON_ASSERT(connection.pool_ == this);
  connection.pool_ = nullptr;
  connection.stream_.source().forget(Direction::read);
  connection.ListNode<runtime::ReadyTag>::unlink();
  connection.ListNode<IdleOfGroup>::unlink();
  connection.ListNode<IdleOfPeer>::unlink();
  --groups_[connection.group_]->count;
  --idle_count_;
  return std::unique_ptr<Connection>(&connection);
}

std::unique_ptr<Connection> ConnectionPool::take(std::uint32_t group, const Peer& peer) {
  IdleGroup* idle = groups_[group].get();
  if (!idle) return nullptr;
  while (Connection* candidate = idle->by_peer[peer.index].back()) {
    std::unique_ptr<Connection> connection = remove(*candidate);
    if (!connection->is_quiet()) continue;
    ++connection->requests_;
    return connection;
  }
  return nullptr;
}

runtime::Task<Result<std::unique_ptr<Connection>>> ConnectionPool::connect(std::uint32_t group,
                                                                           const Peer& peer,
                                                                           Instant deadline) {
  const auto failed = [](Error error) {
    error.side = Side::upstream;
    error.retry = Retry::yes;
    return std::unexpected(error);
  };
  auto fd = peer.unix_path.empty() ? runtime::begin_connect(peer.endpoint)
                                   : runtime::begin_connect_unix(peer.unix_path);
  if (!fd) co_return failed(fd.error());
  auto connection = std::make_unique<Connection>(loop_, std::move(*fd), group, peer);
  const auto connected = co_await connection->stream_.connected(deadline);
  if (!connected) co_return failed(connected.error());
  connection->requests_ = 1;
  connection->connected_at_ = loop_.now();
  co_return std::move(connection);
}

void ConnectionPool::keep(std::unique_ptr<Connection> connection) {
  const std::uint32_t number = connection->group_;
  const config::UpstreamGroup& rule = upstreams_.group(number).config();
  const Instant now = loop_.now();
  if (draining_ || rule.keepalive_connections == 0 ||
      connection->requests_ >= rule.keepalive_requests ||
      now - connection->connected_at_ > rule.keepalive_time || !connection->is_quiet()) {
    return;
  }
  if (!groups_[number]) {
    groups_[number] = std::make_unique<IdleGroup>();
    auto& made = *groups_[number];
    made.by_peer =
        std::vector<IntrusiveList<Connection, IdleOfPeer>>(upstreams_.group(number).peers().size());
    made.expiry = std::make_unique<runtime::Timer>(loop_, [this, number] { expire(number); });
  }
  IdleGroup& idle = *groups_[number];
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

void ConnectionPool::expire(std::uint32_t group) {
  IdleGroup& idle = *groups_[group];
  const Duration timeout = upstreams_.group(group).config().keepalive_timeout;
  while (Connection* oldest = idle.by_age.front()) {
    if (loop_.now() < oldest->idle_since_ + timeout) {
      idle.expiry->arm(oldest->idle_since_ + timeout);
      return;
    }
    remove(*oldest);
  }
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
