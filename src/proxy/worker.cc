// Accepting, and the beginning and end of a thread.

#include "proxy/worker.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "proxy/connection_number.h"

namespace baton::proxy {

namespace {

net::Endpoint local_endpoint(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return net::Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address))
      .value_or(net::Endpoint{});
}

net::Endpoint peer_endpoint(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return net::Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address))
      .value_or(net::Endpoint{});
}

// Accepted sockets inherit it: no call per connection.
void set_no_delay(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::create(Inputs inputs) {
  auto loop = runtime::Loop::create();
  if (!loop) return std::unexpected(loop.error());
  return std::unique_ptr<Worker>(new Worker(std::move(*loop), std::move(inputs)));
}

Worker::Worker(std::unique_ptr<runtime::Loop> loop, Inputs inputs)
    : loop_(std::move(loop)),
      inputs_(std::move(inputs)),
      counters_(*inputs_.config),
      upstreams_(*loop_, *inputs_.upstreams),
      access_log_(*loop_, *inputs_.config, *inputs_.logs, *inputs_.error_log),
      services_{.loop = *loop_,
                .config = *inputs_.config,
                .router = *inputs_.router,
                .upstreams = upstreams_,
                .access_log = access_log_,
                .error_log = *inputs_.error_log,
                .counters = counters_},
      exchanges_(services_),
      shutdown_timer_(*loop_, [this] { loop_->cancel_all(); }) {
  services_.exchanges = &exchanges_;
  for (ListenSocket& socket : inputs_.sockets) {
    set_no_delay(socket.fd.get());
    listeners_.push_back(std::make_unique<runtime::Listener>(*loop_, std::move(socket.fd)));
  }
}

void Worker::run(const std::function<void()>& started) {
  root_.spawn(live());
  started();
  loop_->run();
  access_log_.flush();
}

runtime::Task<void> Worker::live() {
  root_.spawn(turn_pulse());
  for (std::uint32_t i = 0; i < listeners_.size(); ++i) serving_.spawn(accept_clients(i));
  // A thread without a socket of its own lives until it is told to end, too.
  while (services_.ending == Ending::no && !loop_->cancelled()) {
    co_await loop_->sleep_for(ipc::turn_interval);
  }
  co_await serving_.joined();
  finished_ = true;
  upstreams_.pool().drain();
  loop_->cancel_all();  // ends the pulse
  loop_->stop();
}

runtime::Task<void> Worker::turn_pulse() {
  while (!finished_ && !loop_->cancelled()) {
    inputs_.pulse->turn(inputs_.index, loop_->now());
    co_await loop_->sleep_for(ipc::turn_interval);
  }
}

runtime::Task<void> Worker::accept_clients(std::uint32_t socket) {
  runtime::Listener& listener = *listeners_[socket];
  const std::uint32_t index = inputs_.sockets[socket].listener;
  while (true) {
    auto accepted = co_await listener.accept();
    if (!accepted) {
      const Error& error = accepted.error();
      if (error.kind == ErrorKind::cancelled) {
        // When nobody follows, connections are refused from now on instead of left waiting.
        if (services_.ending == Ending::close) listener.source().release().reset();
        co_return;
      }
      // Out of descriptors or memory: say so, make room, and let what runs go on for a moment.
      inputs_.error_log->print(LogLevel::critical, "{}", describe(error));
      static_cast<void>(make_room());
      co_await loop_->sleep_for(500ms);
      continue;
    }
    count(counters_.accepted, std::uint64_t{1});
    if (clients_.open_count >= inputs_.config->worker_connections && !make_room()) {
      inputs_.error_log->print(LogLevel::alert, "{} worker_connections are not enough",
                               inputs_.config->worker_connections);
      continue;  // and the connection is closed
    }
    serving_.spawn(serve(std::move(accepted->fd), index, accepted->peer.value_or(net::Endpoint{})));
  }
}

// Closes the client that idles longest. False: nobody idles.
bool Worker::make_room() {
  Client* const oldest = clients_.idle.front();
  if (!oldest) return false;
  oldest->ListNode<IdleClientTag>::unlink();
  oldest->stream.source().interrupt(runtime::Direction::read);
  return true;
}

runtime::Task<void> Worker::serve(runtime::Fd fd, std::uint32_t listener, net::Endpoint address) {
  Client client(*loop_, std::move(fd), listener);
  client.address = address;
  const config::ListenAddress& bound = inputs_.config->listeners[listener].address;
  client.local = bound.unix_path.empty() && bound.endpoint.address.is_any()
                     ? local_endpoint(client.stream.fd())
                     : bound.endpoint;
  client.number = next_connection_number();
  client.connected = loop_->now();
  clients_.open.push_back(client);
  ++clients_.open_count;
  count(counters_.connections, 1u);
  const Farewell farewell = co_await converse(client, clients_, exchanges_, services_);
  --clients_.open_count;
  count(counters_.connections, static_cast<std::uint32_t>(-1));
  if (farewell == Farewell::hand_over) {
    count(counters_.handed_over, std::uint64_t{1});
    inputs_.hand_over(client.stream.source().release());
  }
}

void Worker::drain(Ending ending) {
  loop_->post([this, ending] { begin_drain(ending); });
}

void Worker::begin_drain(Ending ending) {
  if (services_.ending == Ending::close) return;
  services_.ending = ending;
  for (auto& listener : listeners_) listener->source().cancel();
  // Each one ends its wait and leaves the list; those that have not sent anything yet stay when
  // connections are closed, for their first request may be on its way.
  clients_.idle.for_each([ending](Client& client) {
    if (ending == Ending::close && client.requests == 0) return;
    client.stream.source().interrupt(runtime::Direction::read);
  });
  const Duration timeout = inputs_.config->worker_shutdown_timeout;
  if (timeout > 0s) shutdown_timer_.arm_after(timeout);
}

void Worker::stop() {
  loop_->post([this] { loop_->cancel_all(); });
}

void Worker::adopt(runtime::Fd fd) {
  const int number = fd.release();
  loop_->post([this, number] { take_over(runtime::Fd(number)); });
}

void Worker::take_over(runtime::Fd fd) {
  if (services_.ending == Ending::hand_over) {
    inputs_.hand_over(std::move(fd));
    return;
  }
  if (services_.ending == Ending::close || loop_->cancelled()) return;
  count(counters_.adopted, std::uint64_t{1});
  const std::uint32_t listener = listener_of(local_endpoint(fd.get()));
  if (listener >= inputs_.config->listeners.size()) return;  // an address that is gone
  const net::Endpoint peer = peer_endpoint(fd.get());
  serving_.spawn(serve(std::move(fd), listener, peer));
}

std::uint32_t Worker::listener_of(const net::Endpoint& local) const {
  const auto& listeners = inputs_.config->listeners;
  auto wildcard = static_cast<std::uint32_t>(listeners.size());
  for (std::uint32_t i = 0; i < listeners.size(); ++i) {
    const config::ListenAddress& address = listeners[i].address;
    if (!address.unix_path.empty()) continue;
    if (address.endpoint == local) return i;
    if (address.endpoint.port == local.port && address.endpoint.address.is_any()) wildcard = i;
  }
  return wildcard;
}

void Worker::flush_logs() {
  loop_->post([this] {
    access_log_.flush();
    access_log_.reopen();
  });
}

}  // namespace baton::proxy
