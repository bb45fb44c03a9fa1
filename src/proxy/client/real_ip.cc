// Taking the client's address from a header line.

#include "proxy/client/real_ip.h"

#include "base/text.h"
#include "config/model/real_ip.h"
#include "net/proxy_protocol.h"
#include "proxy/client/forwarded.h"

namespace baton::proxy {

namespace {

std::string_view line_named(const http::HeaderTable& headers, std::string_view name) {
  for (const http::Header& line : headers) {
    if (equals_ignoring_case(line.name, name)) return line.value;
  }
  return {};
}

ForwardedAddress find_address(const Request& request, const config::RealIpSettings& settings) {
  using Source = config::RealIpSettings::Source;
  net::IpAddress from = request.client->client.address;
  // Everybody on a unix socket is as trusted as the others.
  std::vector<net::Prefix> trusted;
  const bool local = !request.client->unix_path.empty();
  if (local) {
    if (!settings.trusts_unix) return {from, {}, false};
    trusted = settings.trusted;
    trusted.push_back({from, static_cast<std::uint8_t>(from.bytes().size() * 8)});
  }
  const std::vector<net::Prefix>& networks = local ? trusted : settings.trusted;
  switch (settings.source) {
    case Source::x_forwarded_for:
      return forwarded_address(from, request.head.headers, http::HeaderId::x_forwarded_for,
                               networks, settings.recursive);
    case Source::header:
      return forwarded_address(from, line_named(request.head.headers, settings.header), networks,
                               settings.recursive);
    case Source::proxy_protocol: {
      const net::ProxyHeader* header = request.client->proxy_header;
      if (header == nullptr || !header->source || !is_trusted(from, networks)) break;
      return {header->source->address, header->source->port, true};
    }
  }
  return {from, {}, false};
}

}  // namespace

void apply_real_ip(Request& request) {
  const config::RealIpSettings* settings = request.location->real_ip.get();
  if (settings == nullptr || request.connected != nullptr) return;
  if (settings->trusted.empty() && !settings->trusts_unix) return;
  const ForwardedAddress found = find_address(request, *settings);
  if (!found.changed) return;
  request.connected = request.client;
  request.real_client = *request.client;
  request.real_client.client = {found.address, found.port.value_or(0)};
  request.real_client.client_text = request.arena.store(found.address.text());
  request.client = &request.real_client;
}

}  // namespace baton::proxy
