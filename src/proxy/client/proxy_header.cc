// Looks at the bytes before taking them: what follows the header is the request's reader's.

#include "proxy/client/proxy_header.h"

#include <fmt/format.h>

#include "runtime/peek.h"

namespace baton::proxy {

namespace {

void tell(const Client& client, Services& services, const std::string& problem) {
  const config::ListenAddress& address = services.config.listeners[client.listener].address;
  const std::string from = address.unix_path.empty() ? client.address.address.text() : "unix:";
  services.error_log.write_main(
      LogLevel::error, client.number,
      fmt::format("{} while reading PROXY protocol, client: {}, server: {}", problem, from,
                  address.text()));
}

}  // namespace

runtime::Task<bool> read_proxy_header(Client& client, Services& services) {
  const config::Listener& listener = services.config.listeners[client.listener];
  const Instant deadline =
      services.loop.now() + services.config.servers[listener.default_server].client_header_timeout;
  auto buffer = services.small_buffers.take();
  std::size_t seen = 0;
  while (true) {
    const auto waiting = co_await runtime::peek_more(client.stream, buffer.span(), seen, deadline);
    if (!waiting) co_return false;
    const std::string_view text(buffer.span().data(), *waiting);
    auto result = net::parse_proxy_header(text);
    if (result.state == net::ProxyHeaderResult::State::complete) {
      runtime::discard(client.stream, result.length, *waiting);
      client.proxy_header = std::make_unique<net::ProxyHeader>(std::move(result.header));
      co_return true;
    }
    const bool is_last = *waiting == seen || *waiting == buffer.span().size();
    if (result.state == net::ProxyHeaderResult::State::broken || is_last) {
      tell(client, services,
           result.problem.empty() ? fmt::format("broken header: \"{}\"", text) : result.problem);
      // Closing with bytes unread would reset the connection.
      runtime::discard(client.stream, *waiting, *waiting);
      co_return false;
    }
    seen = *waiting;
  }
}

}  // namespace baton::proxy
