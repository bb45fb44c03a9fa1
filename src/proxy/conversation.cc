// The life of a client connection.

#include "proxy/conversation.h"

#include <sys/socket.h>

#include "proxy/client/connection_number.h"
#include "proxy/client/leaving_addresses.h"
#include "proxy/client/proxy_header.h"
#include "proxy/journey.h"

namespace baton::proxy {

namespace {

void count_idle(Services& services, int change) {
  count(services.counters.idle_connections, static_cast<std::uint32_t>(change));
}

const config::Listener& listener_of(const Client& client, const Services& services) {
  return services.config.listeners[client.listener];
}

// How long a connection may wait for its first request.
Duration first_patience(const Client& client, const Services& services) {
  const config::Listener& listener = listener_of(client, services);
  return services.config.servers[listener.default_server].client_header_timeout;
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

}  // namespace

void Conversations::begin(runtime::Fd fd, std::uint32_t listener, net::Endpoint address,
                          net::Endpoint local) {
  auto client = std::make_unique<Client>(*this, services_.loop, std::move(fd), listener);
  client->address = address;
  client->local = local;
  client->number = next_connection_number();
  client->connected = services_.loop.now();
  open_.push_back(*client);
  ++open_count_;
  count(services_.counters.connections, 1u);
  scope_.hold();
  Client& held = *client.release();  // until end()
  if (listener_of(held, services_).proxy_protocol) {
    scope_.spawn(greet(held));
  } else {
    idle(held, first_patience(held, services_));
  }
}

void Conversations::end(Client& client, bool hands_over) {
  std::unique_ptr<Client> held(&client);
  --open_count_;
  count(services_.counters.connections, static_cast<std::uint32_t>(-1));
  if (hands_over) {
    count(services_.counters.handed_over, std::uint64_t{1});
    hand_over_(client.stream.source().release());
  }
  held.reset();
  scope_.release();
}

runtime::Task<void> Conversations::greet(Client& client) {
  const bool read = co_await read_proxy_header(client, services_);
  if (read) {
    idle(client, first_patience(client, services_));
  } else {
    end(client, false);
  }
}

// Waits for the first byte of a request, for `patience` at most.
void Conversations::idle(Client& client, Duration patience) {
  if (services_.ending == Ending::hand_over) {
    // What a PROXY header has told cannot travel with the descriptor.
    return end(client, !client.proxy_header);
  }
  if (services_.ending == Ending::close && client.requests > 0) return end(client, false);
  idle_.push_back(client);
  count_idle(services_, 1);
  services_.loop.timers().arm(client, services_.loop.now() + patience);
  client.stream.source().await_ready(runtime::Direction::read, client);
}

void Conversations::wake(Client& client) {
  runtime::Source& source = client.stream.source();
  source.forget(runtime::Direction::read);
  client.disarm();
  client.ListNode<IdleClientTag>::unlink();
  count_idle(services_, -1);
  if (source.cancelled()) return end(client, false);
  if (source.take_interrupt(runtime::Direction::read)) {
    return end(client, services_.ending == Ending::hand_over && !client.proxy_header);
  }
  // Without bytes it is the deadline that came.
  if (!source.ready(runtime::Direction::read)) return end(client, false);
  scope_.spawn(serve(client));
}

// Serves requests as long as the client has sent more.
runtime::Task<void> Conversations::serve(Client& client) {
  auto exchange = exchanges_.take();
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
    if (services_.ending == Ending::close) break;
  }
  const config::Location* location = exchange->request.location;
  const Duration time = location ? location->lingering_time : 0s;
  const Duration timeout = location ? location->lingering_timeout : 0s;
  const Duration patience = location ? location->keepalive_timeout : 0s;
  exchanges_.give_back(std::move(exchange));
  if (after == After::linger) co_await linger(client, services_, time, timeout);
  if (after == After::next) {
    idle(client, patience);
  } else {
    end(client, false);
  }
}

bool Conversations::make_room(std::uint32_t wanted) {
  bool any = false;
  for (; wanted > 0; --wanted) {
    Client* const oldest = idle_.front();
    if (!oldest) break;
    oldest->ListNode<IdleClientTag>::unlink();
    oldest->stream.source().interrupt(runtime::Direction::read);
    any = true;
  }
  return any;
}

void Conversations::end_idle() {
  idle_.for_each([this](Client& client) {
    if (services_.ending == Ending::close && client.requests == 0) return;
    client.stream.source().interrupt(runtime::Direction::read);
  });
}

void Conversations::end_leaving() {
  idle_.for_each([this](Client& client) {
    if (client.requests == 0 || !services_.leaving->covers(client.stream.fd())) return;
    client.stream.source().interrupt(runtime::Direction::read);
  });
}

}  // namespace baton::proxy
