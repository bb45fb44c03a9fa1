// Reading and handing out packets.

#include "failover/advert_ports.h"

namespace baton::failover {

AdvertPort::AdvertPort(runtime::Loop& loop, linux::VrrpSocket socket, const UnknownRouter& unknown)
    : loop_(loop),
      socket_(std::move(socket)),
      unknown_(unknown),
      watch_(loop, socket_.release_receiver(), [this] {
        const bool is_empty = drain();
        if (gauge_.crowded()) watch_.pause(crowd_pause);
        return is_empty;
      }) {}

bool AdvertPort::drain() {
  const Instant now = loop_.refresh_now();
  socket_.begin_reading();
  int count = 0;
  bool is_empty = false;
  while (!is_empty && count < packets_per_turn) {
    const auto packet = socket_.receive();
    is_empty = !packet;
    if (is_empty) break;
    ++count;
    auto parsed = packet->envelope ? vrrp::parse_message(packet->bytes, *packet->envelope)
                                   : vrrp::parse_ipv4_packet(packet->bytes);
    AdvertListener* listener = listeners_[parsed.advert.virtual_router_id];
    if (listener == nullptr) {
      unknown_(socket_.endpoint(), parsed);
      continue;
    }
    if (parsed.hmac) parsed.envelope.received = runtime::wall_now() - packet->age;
    listener->on_packet(parsed, packet->arrived);
  }
  gauge_.note(static_cast<std::size_t>(count), now);
  return is_empty;
}

Status AdvertPort::send(const linux::OutgoingPacket& packet) {
  flush();
  return socket_.send(packet);
}

void AdvertPort::post(AdvertListener& sender, const linux::OutgoingPacket& packet) {
  if (posted_.size() == linux::VrrpSocket::batch_max) flush();
  if (posted_.empty()) loop_.make_ready(flusher_);
  posted_.push_back({&sender, packet, packet.bytes.size()});
  posted_bytes_.insert(posted_bytes_.end(), packet.bytes.begin(), packet.bytes.end());
}

void AdvertPort::flush() {
  if (posted_.empty()) return;
  std::array<linux::OutgoingPacket, linux::VrrpSocket::batch_max> packets;
  std::size_t offset = 0;
  for (std::size_t i = 0; i < posted_.size(); ++i) {
    packets[i] = posted_[i].packet;
    packets[i].bytes = std::span(posted_bytes_).subspan(offset, posted_[i].size);
    offset += posted_[i].size;
  }
  for (std::size_t at = 0; at < posted_.size();) {
    const auto sent = socket_.send_all(std::span(packets).subspan(at, posted_.size() - at));
    for (std::size_t i = 0; i < sent.count; ++i) tell(posted_[at + i], {});
    at += sent.count;
    // Who could not be sent is given up: its next beat comes soon.
    if (!sent.next || sent.count == 0) tell(posted_[at++], sent.next);
  }
  posted_.clear();
  posted_bytes_.clear();
}

void AdvertPort::tell(const Posted& posted, const Status& status) {
  if (posted.sender) posted.sender->on_sent(posted.packet.destination, status);
}

void AdvertPort::listen(std::uint8_t virtual_router_id, AdvertListener* listener) {
  listeners_[virtual_router_id] = listener;
}

void AdvertPort::unlisten(std::uint8_t virtual_router_id, AdvertListener* listener) {
  for (Posted& posted : posted_) {
    if (posted.sender == listener) posted.sender = nullptr;
  }
  AdvertListener*& place = listeners_[virtual_router_id];
  if (place == listener) place = nullptr;
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
