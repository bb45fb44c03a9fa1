// The raw sockets, shared by all instances that talk in the same way on the same interface, and
// the way from a packet to its instance by virtual router id.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "failover/read_watch.h"
#include "linux/vrrp_socket.h"
#include "runtime/loop.h"
#include "vrrp/packet.h"

namespace baton::failover {

class AdvertListener {
 public:
  // `arrived`: when the kernel got it.
  virtual void on_packet(const vrrp::ParsedAdvert& parsed, Instant arrived) = 0;

 protected:
  ~AdvertListener() = default;
};

// Told of adverts that nobody listens for.
using UnknownRouter =
    std::function<void(const linux::VrrpEndpoint& endpoint, const vrrp::ParsedAdvert& parsed)>;

class AdvertPort {
 public:
  // `unknown` outlives the port.
  AdvertPort(runtime::Loop& loop, linux::VrrpSocket socket, const UnknownRouter& unknown);

  [[nodiscard]] const linux::VrrpEndpoint& endpoint() const { return socket_.endpoint(); }
  Status send(const linux::OutgoingPacket& packet) { return socket_.send(packet); }
  // Delivers what waits in the socket now, within a bound; true when nothing is left.
  bool drain();
  void listen(std::uint8_t virtual_router_id, AdvertListener* listener);
  void unlisten(std::uint8_t virtual_router_id, AdvertListener* listener);

 private:
  static constexpr int packets_per_turn = 128;

  runtime::Loop& loop_;
  linux::VrrpSocket socket_;
  const UnknownRouter& unknown_;
  std::map<std::uint8_t, AdvertListener*> listeners_;
  ReadWatch watch_;
};

class AdvertPorts {
 public:
  AdvertPorts(runtime::Loop& loop, UnknownRouter unknown)
      : loop_(loop), unknown_(std::move(unknown)) {}
  // The port of `endpoint`, opened when nobody has it yet; closed when the last one lets it go.
  Result<std::shared_ptr<AdvertPort>> acquire(const linux::VrrpEndpoint& endpoint);

 private:
  runtime::Loop& loop_;
  UnknownRouter unknown_;
  std::map<linux::VrrpEndpoint, std::weak_ptr<AdvertPort>> ports_;
};

}  // namespace baton::failover
