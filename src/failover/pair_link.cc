// Dialling, accepting, choosing, and what is done with messages.

#include "failover/pair_link.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/assert.h"
#include "failover/pair_connection.h"
#include "runtime/listen.h"

namespace baton::failover {

namespace {

std::uint64_t random_run() {
  std::uint64_t value = 0;
  BATON_ASSERT(::getrandom(&value, sizeof value, 0) == sizeof value);
  return value;
}

}  // namespace

PairLink::PairLink(runtime::Loop& loop, runtime::TaskScope& scope, Log& log)
    : loop_(loop), scope_(scope), log_(log), run_(random_run()) {}

PairLink::~PairLink() = default;

void PairLink::on(PairMessage type, Handler handler) {
  const bool is_new = handlers_.emplace(type, std::move(handler)).second;
  BATON_ASSERT(is_new);
}

void PairLink::configure(const config::PairSettings& settings, const std::string& key_text,
                         const std::string& name) {
  name_ = name;
  const bool wanted = settings.enabled();
  const bool same_ends = key_text == key_text_ && settings.listen == settings_.listen &&
                         wanted == enabled() && settings.peers.empty() == settings_.peers.empty();
  if (!same_ends) stop_all();
  settings_ = settings;
  key_text_ = key_text;
  if (!wanted) return;
  if (!context_) {
    const auto key = tls::Key::parse(key_text);
    auto made = key ? tls::PskContext::create(*key, "baton pair")
                    : Result<std::shared_ptr<tls::PskContext>>(
                          fail(ErrorKind::malformed, "the key file holds no key"));
    if (!made) {
      log_.print(LogLevel::error, "pair link: {}", describe(made.error()));
      return;
    }
    context_ = std::move(*made);
    listen();
  }
  std::vector<std::shared_ptr<PairPeer>> earlier = std::exchange(peers_, {});
  for (const auto& endpoint : settings.peers) {
    const auto known = std::ranges::find_if(
        earlier, [&](const auto& peer) { return peer && peer->endpoint() == endpoint; });
    if (known != earlier.end()) {
      peers_.push_back(std::move(*known));
      continue;
    }
    auto peer = std::make_shared<PairPeer>();
    peer->endpoint_ = endpoint;
    peer->since_ = loop_.now();
    peer->changed_ = std::make_unique<runtime::Gate>(loop_);
    peers_.push_back(peer);
    scope_.spawn(dial(peer));
  }
  for (const auto& peer : earlier) {
    if (!peer) continue;
    peer->removed_ = true;
    if (peer->connection_) peer->connection_->close();
    peer->changed_->open();
  }
}

void PairLink::stop_all() {
  for (const auto& peer : peers_) {
    peer->removed_ = true;
    if (peer->connection_) peer->connection_->close();
    peer->changed_->open();
  }
  peers_.clear();
  if (listening_) {
    listening_->closed = true;
    listening_->listener.source().cancel();
    // Its task closes it, but later: the port is to be free at once, for the next one to listen.
    ::shutdown(listening_->listener.source().fd(), SHUT_RDWR);
  }
  listening_.reset();
  context_.reset();
}

// Where somebody else has the port, it is tried again as long as a peer is dialled; meanwhile that
// may be enough for a link.
void PairLink::listen() {
  if (listening_) return;
  const net::Endpoint at = settings_.listen.value_or(
      net::Endpoint{net::IpAddress::any(net::Family::ipv6), config::pair_port});
  auto fd = runtime::listen_tcp(at);
  if (!fd) {
    std::string problem = fmt::format("cannot listen on {}: {}", at.text(), describe(fd.error()));
    if (problem != listen_problem_) log_.print(LogLevel::error, "pair link: {}", problem);
    listen_problem_ = std::move(problem);
    return;
  }
  listen_problem_.clear();
  listening_ = std::make_shared<Listening>(loop_, std::move(*fd));
  scope_.spawn(accept_all(listening_));
}

runtime::Task<void> PairLink::accept_all(std::shared_ptr<Listening> listening) {
  while (!listening->closed) {
    auto accepted = co_await listening->listener.accept();
    if (listening->closed || loop_.cancelled()) co_return;
    if (!accepted) {
      // Out of descriptors, or the like: others are not to be starved by trying at once.
      static_cast<void>(co_await loop_.sleep_for(redial_first));
      continue;
    }
    if (!accepted->peer) continue;
    const net::IpAddress from = runtime::unmapped(accepted->peer->address);
    const auto found =
        std::ranges::find_if(peers_, [&from](const auto& peer) { return peer->address() == from; });
    if (found == peers_.end() || (*found)->unproven_ >= unproven_max) continue;
    scope_.spawn(serve_incoming(*found, std::move(accepted->fd)));
  }
}

runtime::Task<void> PairLink::serve_incoming(std::shared_ptr<PairPeer> peer, runtime::Fd fd) {
  co_await serve(std::move(peer), std::move(fd), tls::Role::server);
}

// Dials while there is no link.
runtime::Task<void> PairLink::dial(std::shared_ptr<PairPeer> peer) {
  Duration pause = redial_first;
  while (!peer->removed_ && !loop_.cancelled()) {
    if (peer->is_up()) {
      static_cast<void>(co_await peer->changed_->wait());
      pause = redial_first;
      continue;
    }
    listen();
    const std::uint64_t before = peer->counters_.connections;
    co_await dial_once(peer);
    if (peer->removed_ || loop_.cancelled()) co_return;
    if (peer->counters_.connections != before) {
      pause = redial_first;
    } else {
      pause = std::min(pause * 2, redial_longest);
    }
    if (!peer->is_up()) static_cast<void>(co_await peer->changed_->wait(loop_.now() + pause));
  }
}

runtime::Task<void> PairLink::dial_once(std::shared_ptr<PairPeer> peer) {
  runtime::ConnectOptions options;
  if (settings_.listen && !settings_.listen->address.is_any() &&
      settings_.listen->address.family() == peer->address().family()) {
    options.from = net::Endpoint{settings_.listen->address, 0};
  }
  auto fd = runtime::begin_connect(peer->endpoint(), options);
  if (!fd) {
    peer->problem_ = describe(fd.error());
    co_return;
  }
  co_await serve(peer, std::move(*fd), tls::Role::client);
}

runtime::Task<void> PairLink::serve(std::shared_ptr<PairPeer> peer, runtime::Fd fd,
                                    tls::Role role) {
  PairConnection connection(loop_, std::move(fd), context_, role);
  ++peer->unproven_;
  const Status shaken = co_await connection.handshake(loop_.now() + greeting_patience);
  if (!shaken) {
    --peer->unproven_;
    if (!peer->is_up() && role == tls::Role::client && shaken.error().errno_value == ECONNREFUSED) {
      peer->problem_ =
          fmt::format("TCP port {} is refused: no baton or no pair link there, or a packet filter",
                      peer->endpoint().port);
    } else if (!peer->is_up()) {
      const bool no_key = shaken.error().kind == ErrorKind::malformed;
      std::string problem =
          no_key ? "the other end has another key, or none" : describe(shaken.error());
      if (no_key && problem != peer->problem_) {
        log_.print(LogLevel::warning, "pair link: {}: {}", peer->address().text(), problem);
      }
      peer->problem_ = std::move(problem);
    }
    co_return;
  }
  runtime::TaskScope writing;
  writing.spawn(connection.write_all(alive_interval, silence_max));
  const auto hello = co_await greet(*peer, connection);
  --peer->unproven_;
  if (hello && !peer->removed_ && !loop_.cancelled()) {
    up(*peer, connection, *hello);
    co_await read_all(*peer, connection);
  } else if (!hello && !peer->is_up() && hello.error().kind != ErrorKind::closed) {
    // (Who is closed was told nothing; what is known from before says more.)
    peer->problem_ = describe(hello.error());
  }
  connection.close();
  co_await writing.joined();
}

runtime::Task<Result<PairHello>> PairLink::greet(PairPeer& peer, PairConnection& connection) {
  const Instant deadline = loop_.now() + greeting_patience;
  PairHello ours;
  ours.run = run_;
  ours.linked = peer.is_up();
  ours.name = name_;
  static_cast<void>(connection.send(PairMessage::hello, ours.encode(), queued_bytes_max));
  std::optional<PairHello> theirs;
  for (;;) {
    auto frame = co_await connection.read(deadline);
    if (!frame) co_return std::unexpected(frame.error());
    if (frame->type == PairMessage::use && theirs) co_return *theirs;
    if (frame->type != PairMessage::hello || theirs) continue;
    theirs = PairHello::decode(frame->body);
    if (!theirs) co_return fail(ErrorKind::malformed, "hello of the pair link");
    std::optional<PairPresent> present;
    if (peer.is_up()) {
      present = PairPresent{peer.run(), loop_.now() - peer.chosen_at_ < greeting_patience};
    }
    switch (judge_hello(run_, *theirs, present)) {
      case PairVerdict::is_self:
        co_return fail(ErrorKind::malformed, "pair_peer is this node itself");
      case PairVerdict::wait:
        break;
      case PairVerdict::close:
        co_return fail(ErrorKind::unavailable, "there is a link already");
      case PairVerdict::use:
        static_cast<void>(connection.send(PairMessage::use, "", queued_bytes_max));
        co_return *theirs;
    }
  }
}

runtime::Task<void> PairLink::read_all(PairPeer& peer, PairConnection& connection) {
  for (;;) {
    auto frame = co_await connection.read(loop_.now() + silence_max);
    if (!frame || peer.connection_ != &connection) {
      down(peer, connection, frame ? Error{ErrorKind::closed} : frame.error());
      co_return;
    }
    take(peer, *frame);
  }
}

void PairLink::take(PairPeer& peer, const PairFrame& frame) {
  if (frame.type == PairMessage::alive) return;
  ++peer.counters_.messages_in;
  const auto handler = handlers_.find(frame.type);
  if (handler != handlers_.end()) handler->second(peer, frame.body);
}

void PairLink::up(PairPeer& peer, PairConnection& connection, const PairHello& hello) {
  if (peer.connection_) {
    // Who was connected before has lost that connection, or was restarted.
    PairConnection* before = std::exchange(peer.connection_, nullptr);
    before->close();
    tell_change(peer);
  }
  peer.connection_ = &connection;
  peer.chosen_at_ = loop_.now();
  peer.since_ = loop_.now();
  peer.name_ = hello.name;
  peer.run_ = hello.run;
  peer.problem_.clear();
  ++peer.counters_.connections;
  log_.print(LogLevel::info, "pair link to {} ({}) is up", peer.address().text(), peer.name());
  if (!name_.empty() && peer.name() == name_) {
    log_.print(
        LogLevel::warning,
        "pair link: {} has the router_id {}, too: give each node its own, for `pass --to` and "
        "for what status and history show",
        peer.address().text(), name_);
  }
  tell_change(peer);
}

void PairLink::down(PairPeer& peer, PairConnection& connection, const Error& why) {
  if (peer.connection_ != &connection) return;
  peer.connection_ = nullptr;
  peer.since_ = loop_.now();
  peer.changed_->open();
  if (loop_.cancelled()) return;
  peer.problem_ =
      why.kind == ErrorKind::timed_out ? "nothing was heard for too long" : describe(why);
  log_.print(LogLevel::warning, "pair link to {} ({}) is down: {}", peer.address().text(),
             peer.name(), peer.problem());
  tell_change(peer);
}

void PairLink::tell_change(const PairPeer& peer) {
  peer.changed_->open();
  for (const auto& handler : change_handlers_) handler(peer);
}

Status PairLink::send(const net::IpAddress& address, PairMessage type, std::string_view body) {
  BATON_ASSERT(body.size() <= pair_body_max);
  for (const auto& peer : peers_) {
    if (peer->address() != address) continue;
    if (!peer->connection_) break;
    ++peer->counters_.messages_out;
    return peer->connection_->send(type, body, queued_bytes_max);
  }
  return fail(ErrorKind::unavailable, "pair link");
}

void PairLink::send_all(PairMessage type, std::string_view body) {
  for (const auto& peer : peers_) {
    if (peer->is_up()) static_cast<void>(send(peer->address(), type, body));
  }
}

const PairPeer* PairLink::find(const net::IpAddress& address) const {
  for (const auto& peer : peers_) {
    if (peer->address() == address) return peer.get();
  }
  return nullptr;
}

}  // namespace baton::failover
