// Reading and handing out packets.

#include "failover/advert_ports.h"

namespace baton::failover {

AdvertPort::AdvertPort(runtime::Loop& loop, linux::VrrpSocket socket, const UnknownRouter& unknown)
    : loop_(loop),
      socket_(std::move(socket)),
      unknown_(unknown),
      watch_(loop, socket_.release_receiver(), [this] { return drain(); }) {}

bool AdvertPort::drain() {
  for (int i = 0; i < packets_per_turn; ++i) {
    const auto packet = socket_.receive();
    if (!packet) return true;
    auto parsed = packet->envelope ? vrrp::parse_message(packet->bytes, *packet->envelope)
                                   : vrrp::parse_ipv4_packet(packet->bytes);
    const auto listener = listeners_.find(parsed.advert.virtual_router_id);
    if (listener == listeners_.end()) {
      unknown_(socket_.endpoint(), parsed);
      continue;
    }
    if (parsed.hmac) parsed.envelope.received = runtime::wall_now() - packet->age;
    listener->second->on_packet(parsed, loop_.refresh_now() - packet->age);
  }
  return false;
}

void AdvertPort::listen(std::uint8_t virtual_router_id, AdvertListener* listener) {
  listeners_[virtual_router_id] = listener;
}

void AdvertPort::unlisten(std::uint8_t virtual_router_id, AdvertListener* listener) {
  const auto found = listeners_.find(virtual_router_id);
  if (found != listeners_.end() && found->second == listener) listeners_.erase(found);
}

Result<std::shared_ptr<AdvertPort>> AdvertPorts::acquire(const linux::VrrpEndpoint& endpoint) {
  std::erase_if(ports_, [](const auto& entry) { return entry.second.expired(); });
  if (const auto found = ports_.find(endpoint); found != ports_.end()) {
    return found->second.lock();
  }
  auto socket = linux::VrrpSocket::open(endpoint);
  if (!socket) return std::unexpected(socket.error());
  auto port = std::make_shared<AdvertPort>(loop_, std::move(*socket), unknown_);
  ports_[endpoint] = port;
  return port;
}

}  // namespace baton::failover
