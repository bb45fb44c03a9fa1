// The life of a client connection.

#include "proxy/conversation.h"

#include <sys/socket.h>

#include "proxy/journey.h"
#include "proxy/proxy_header.h"

namespace baton::proxy {

namespace {

// What an idle connection woke up for.
enum class Wake : std::uint8_t { bytes, close, hand_over };

void count_idle(Services& services, int change) {
  count(services.counters.idle_connections, static_cast<std::uint32_t>(change));
}

const config::Listener& listener_of(const Client& client, const Services& services) {
  return services.config.listeners[client.listener];
}

// How long an idle connection is kept: until its first request, or between two.
Duration patience(const Client& client, const Services& services) {
  const config::Listener& listener = listener_of(client, services);
  const config::Server& server = services.config.servers[listener.default_server];
  return client.requests == 0 ? server.client_header_timeout
                              : server.locations[0].keepalive_timeout;
}

void lend(Exchange& exchange, Client& client) {
  exchange.client = &client;
  const std::string& unix_path = listener_of(client, exchange.services).address.unix_path;
  exchange.client_text = unix_path.empty() ? client.address.address.text() : "unix:";
  exchange.info = {.client = client.address,
                   .local = client.local,
                   .number = client.number,
                   .requests = client.requests,
                   .connected = client.connected,
                   .client_text = exchange.client_text,
                   .fd = client.stream.fd(),
                   .on_unix_socket = !unix_path.empty(),
                   .connections = exchange.services.connections,
                   .unix_path = unix_path,
                   .proxy_header = client.proxy_header.get()};
  exchange.received = 0;
}

// Reads and drops what the client still sends after the response that ends the connection.
runtime::Task<void> linger(Client& client, Services& services, Duration time, Duration timeout) {
  client.stream.shutdown_write();
  const Instant end = services.loop.now() + time;
  auto buffer = services.small_buffers.take();
  while (services.loop.now() < end) {
    const Instant deadline = std::min(end, services.loop.now() + timeout);
    const auto got = co_await client.stream.read(buffer.span(), deadline);
    if (!got || *got == 0) break;
  }
}

// Serves requests as long as the client has sent more. False: the connection is at its end.
runtime::Task<bool> serve_busy(Client& client, ExchangePool& exchanges, Services& services) {
  auto exchange = exchanges.take();
  lend(*exchange, client);
  After after = After::next;
  while (true) {
    exchange->begin_request();
    exchange->info.requests = ++client.requests;
    after = co_await serve_request(*exchange);
    if (after != After::next) break;
    // A pipelined request is in the buffer, or more bytes are waiting in the kernel.
    if (exchange->received > 0) continue;
    if (!client.stream.source().ready(runtime::Direction::read)) break;
    if (services.ending == Ending::close) break;
  }
  const config::Location* location = exchange->request.location;
  const Duration time = location ? location->lingering_time : 0s;
  const Duration timeout = location ? location->lingering_timeout : 0s;
  exchanges.give_back(std::move(exchange));
  if (after == After::linger) co_await linger(client, services, time, timeout);
  co_return after == After::next;
}

// Waits for the first byte of a request.
runtime::Task<Wake> idle(Client& client, Clients& clients, Services& services) {
  if (services.ending == Ending::hand_over) {
    co_return client.proxy_header ? Wake::close : Wake::hand_over;
  }
  if (services.ending == Ending::close && client.requests > 0) co_return Wake::close;
  clients.idle.push_back(client);
  count_idle(services, 1);
  const auto ready =
      co_await client.stream.readable(services.loop.now() + patience(client, services));
  client.ListNode<IdleClientTag>::unlink();
  count_idle(services, -1);
  if (ready) co_return Wake::bytes;
  const bool handed = services.ending == Ending::hand_over &&
                      ready.error().kind == ErrorKind::cancelled &&
                      !client.stream.source().cancelled();
  // What a PROXY header has told cannot travel with the descriptor.
  co_return handed && !client.proxy_header ? Wake::hand_over : Wake::close;
}

}  // namespace

runtime::Task<Farewell> converse(Client& client, Clients& clients, ExchangePool& exchanges,
                                 Services& services) {
  if (listener_of(client, services).proxy_protocol) {
    const bool read = co_await read_proxy_header(client, services);
    if (!read) co_return Farewell::closed;
  }
  while (true) {
    const Wake wake = co_await idle(client, clients, services);
    if (wake == Wake::hand_over) co_return Farewell::hand_over;
    if (wake == Wake::close) co_return Farewell::closed;
    const bool goes_on = co_await serve_busy(client, exchanges, services);
    if (!goes_on) co_return Farewell::closed;
  }
}

}  // namespace baton::proxy
