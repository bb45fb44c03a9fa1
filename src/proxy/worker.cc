// Accepting, and the beginning and end of a thread.

#include "proxy/worker.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "proxy/journey.h"

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

// Descriptors that a thread leaves to upstream connections and files.
constexpr std::uint32_t spare_descriptors_min = 16;
constexpr std::uint32_t room_at_once = 16;

// How many clients a thread may have: worker_connections, but no more than leave room for upstream
// connections among the descriptors that there are.
std::uint32_t connections_of_thread(const Worker::Inputs& inputs) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return inputs.config->worker_connections;
  }
  const std::uint64_t share = limit.rlim_cur / std::max(1U, inputs.threads);
  const std::uint64_t room = share - share / 8;
  const std::uint64_t fixed = spare_descriptors_min + inputs.sockets.size();
  const std::uint64_t most = room > 2 * fixed ? room - fixed : std::max<std::uint64_t>(room / 2, 1);
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(inputs.config->worker_connections, most));
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
      conversations_(services_, exchanges_, serving_,
                     [this](runtime::Fd fd) { inputs_.hand_over(std::move(fd)); }),
      connections_max_(connections_of_thread(inputs_)),
      shutdown_timer_(*loop_, [this] { loop_->cancel_all(); }) {
  services_.exchanges = &exchanges_;
  services_.caches = inputs_.caches;
  services_.find_answer = &find_answer;
  services_.log_request = &log_request;
  services_.limits = inputs_.limits;
  services_.passwords = inputs_.passwords;
  services_.connections = inputs_.connections;
  services_.leaving = inputs_.leaving;
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
        // Where nobody else listens any more, connections are refused from now on instead of left
        // waiting for a process that only finishes.
        listener.source().release().reset();
        co_return;
      }
      // Out of descriptors or memory: make room and go on in the next turn, when the places are
      // free; without anybody who idles, let what runs go on for a moment.
      tell_shortage(LogLevel::critical, describe(error));
      co_await loop_->sleep_for(conversations_.make_room(room_at_once) ? 1ms : 500ms);
      continue;
    }
    count(counters_.accepted, std::uint64_t{1});
    if (conversations_.open_count() >= connections_max_) {
      const std::uint32_t configured = inputs_.config->worker_connections;
      if (!conversations_.make_room(1)) {
        tell_shortage(LogLevel::alert,
                      fmt::format("{} worker_connections are not enough", configured));
        count(counters_.dropped, std::uint64_t{1});
        continue;  // and the connection is closed
      }
      tell_shortage(
          LogLevel::warning,
          fmt::format("{} worker_connections are not enough, reusing connections", configured));
    }
    serve(std::move(accepted->fd), index, accepted->peer.value_or(net::Endpoint{}));
  }
}

// Once a second: in a flood nobody needs a line for each connection.
void Worker::tell_shortage(LogLevel level, const std::string& text) {
  if (last_shortage_ != Instant{} && loop_->now() < last_shortage_ + 1s) return;
  last_shortage_ = loop_->now();
  inputs_.error_log->write(level, text);
}

void Worker::serve(runtime::Fd fd, std::uint32_t listener, const net::Endpoint& address) {
  const config::ListenAddress& bound = inputs_.config->listeners[listener].address;
  const bool any = bound.unix_path.empty() && bound.endpoint.address.is_any();
  const net::Endpoint local = any ? local_endpoint(fd.get()) : bound.endpoint;
  conversations_.begin(std::move(fd), listener, address, local);
}

void Worker::drain(Ending ending) {
  loop_->post([this, ending] { begin_drain(ending); });
}

void Worker::begin_drain(Ending ending) {
  if (services_.ending == Ending::close) return;
  services_.ending = ending;
  for (auto& listener : listeners_) listener->source().cancel();
  conversations_.end_idle();
  const Duration timeout = inputs_.config->worker_shutdown_timeout;
  if (timeout > 0s) shutdown_timer_.arm_after(timeout);
}

void Worker::end_leaving() {
  loop_->post([this] { conversations_.end_leaving(); });
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
  serve(std::move(fd), listener, peer);
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
