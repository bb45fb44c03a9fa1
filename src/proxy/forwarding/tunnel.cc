// A connection that changed its protocol (101 Switching Protocols, RFC 9110 section 7.8): bytes go
// both ways untouched until either side ends.
//
// As in nginx, the server's silence counts (proxy_read_timeout) only while nothing goes either way,
// and the end of one side is the end of the tunnel. Neither direction holds a buffer while it
// waits.

#include <cstring>

#include "proxy/forwarding/attempt.h"
#include "proxy/forwarding/relay.h"
#include "proxy/forwarding/upstream_response.h"
#include "proxy/response/outgoing_body.h"
#include "proxy/response/responder.h"

namespace baton::proxy {

namespace {

constexpr std::string_view proxying = "proxying upgraded connection";

// Lets views into [old, old + size) point into the copy at `fresh`.
class Rebase {
 public:
  Rebase(const char* old, std::size_t size, const char* fresh)
      : old_(old), size_(size), fresh_(fresh) {}
  void operator()(std::string_view& view) const {
    if (view.data() < old_ || view.data() > old_ + size_) return;
    view = {fresh_ + (view.data() - old_), view.size()};
  }

 private:
  const char* old_;
  std::size_t size_;
  const char* fresh_;
};

// The head stays for the log, but not in a buffer made for bodies.
void shrink_head(Exchange& exchange) {
  http::ResponseHead& head = exchange.upstream_head;
  auto small = exchange.services.small_buffers.take();
  if (head.bytes > small.span().size()) return;
  const std::span<char> old = exchange.upstream_buffer.span();
  std::memcpy(small.span().data(), old.data(), head.bytes);
  const Rebase rebase(old.data(), head.bytes, small.span().data());
  rebase(head.line);
  rebase(head.reason);
  for (http::Header& line : head.headers) {
    rebase(line.name);
    rebase(line.value);
  }
  Response& response = exchange.request.response;
  rebase(response.reason);
  rebase(response.content_type);
  for (ResponseHeader& line : response.headers) {
    rebase(line.name);
    rebase(line.value);
  }
  exchange.upstream_buffer = std::move(small);
}

// What the client sent behind its request.
std::span<char> early_bytes(Exchange& exchange) {
  std::size_t used = exchange.request.head.bytes + exchange.body.early_used();
  if (!exchange.body.finished() && exchange.body.is_whole_early()) {
    used += exchange.body.whole_early().size();
  }
  return exchange.buffered().subspan(used);
}

}  // namespace

// The client asked for another protocol; a server that changes without being asked is not heard.
bool Attempt::is_upgrade() const {
  return exchange_.request.head.headers.has(http::HeaderId::upgrade) && !exchange_.parent;
}

// The head to the client, and to both sides what came behind the heads.
runtime::Task<Status> Attempt::open_tunnel() {
  take_upstream_head(exchange_, plan_);
  OutgoingBody outgoing;
  outgoing.begin(exchange_, std::nullopt);
  exchange_.request.keep_alive = false;
  const Status told = co_await send_to_client(exchange_, outgoing.frame({}, BodyPart::last), false);
  if (!told) co_return told;
  const std::size_t head_bytes = exchange_.upstream_head.bytes;
  const std::span<char> down =
      exchange_.upstream_buffer.span().subspan(head_bytes, received_ - head_bytes);
  iovec down_piece{down.data(), down.size()};
  const Status sent = co_await send_to_client(exchange_, {&down_piece, 1}, false);
  if (!sent) co_return sent;
  record().body_bytes += down.size();
  const std::span<char> up = early_bytes(exchange_);
  iovec up_piece{up.data(), up.size()};
  const Status passed = co_await send_all(upstream(), {&up_piece, 1}, proxy_.send_timeout);
  if (!passed) co_return std::unexpected(passed.error().on(Side::upstream));
  record().bytes_sent += up.size();
  exchange_.received = exchange_.request.head.bytes;
  co_return Status{};
}

runtime::Task<void> Attempt::tunnel() {
  watch_.stop();
  may_be_kept_ = false;
  const Status opened = co_await open_tunnel();
  if (!opened) co_return break_off(opened.error());
  shrink_head(exchange_);
  bool ended = false;
  Instant active = exchange_.now();
  co_await runtime::both(carry_up(ended, active), carry_down(ended, active));
  finish_upstream(false);
  finish_answer(false);
}

// Wakes the other direction.
void Attempt::end_tunnel(bool& ended) {
  if (ended) return;
  ended = true;
  upstream().source().cancel();
  exchange_.client->stream.source().cancel();
}

runtime::Task<void> Attempt::carry_up(bool& ended, Instant& active) {
  runtime::Stream& client = exchange_.client->stream;
  while (!ended) {
    const auto ready = co_await client.readable(never);
    if (!ready) break;
    const auto buffer = exchange_.services.large_buffers.take();
    const auto got = co_await client.read(buffer.span(), never);
    if (!got || *got == 0) break;
    active = exchange_.now();
    iovec piece{buffer.span().data(), *got};
    const Status sent = co_await send_all(upstream(), {&piece, 1}, proxy_.send_timeout);
    if (!sent) {
      if (!ended) log(failure_message(sent.error()), proxying, LogLevel::error);
      break;
    }
    record().bytes_sent += *got;
    active = exchange_.now();
  }
  end_tunnel(ended);
}

runtime::Task<void> Attempt::carry_down(bool& ended, Instant& active) {
  while (!ended) {
    const Instant deadline = active + proxy_.read_timeout;
    const auto ready = co_await upstream().readable(deadline);
    if (!ready) {
      const bool silent = ready.error().kind == ErrorKind::timed_out;
      if (silent && active + proxy_.read_timeout > deadline) continue;
      if (!ended) log(failure_message(ready.error()), proxying, LogLevel::error);
      break;
    }
    const auto buffer = exchange_.services.large_buffers.take();
    const auto got = co_await upstream().read(buffer.span(), deadline);
    if (!got || *got == 0) {
      if (!got && !ended) log(failure_message(got.error()), proxying, LogLevel::error);
      break;
    }
    active = exchange_.now();
    record().bytes_received += *got;
    record().body_bytes += *got;
    iovec piece{buffer.span().data(), *got};
    const Status sent = co_await send_to_client(exchange_, {&piece, 1}, false);
    if (!sent) break;
    active = exchange_.now();
  }
  end_tunnel(ended);
}

}  // namespace baton::proxy
