// The raw sockets, shared by all instances that talk in the same way on the same interface, and
// the way from a packet to its instance by virtual router id.
//
// Hundreds of instances are a crowd, and what costs then is not the packets but the calls and the
// waking: adverts of the ordinary beat are posted and leave together at the end of the turn; and
// a socket that gets a crowd's adverts is looked into every few milliseconds, not for each of
// them. When a packet came is the kernel's word, so nothing is lost by that; and who is about to
// believe a master dead looks first.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "failover/crowd_gauge.h"
#include "failover/read_watch.h"
#include "linux/vrrp_socket.h"
#include "runtime/loop.h"
#include "vrrp/packet.h"

namespace baton::failover {

class AdvertListener {
 public:
  // `arrived`: when the kernel got it.
  virtual void on_packet(const vrrp::ParsedAdvert& parsed, Instant arrived) = 0;
  // What became of a packet that was posted.
  virtual void on_sent(const net::IpAddress& destination, const Status& status) = 0;

 protected:
  ~AdvertListener() = default;
};

// Told of adverts that nobody listens for.
using UnknownRouter =
    std::function<void(const linux::VrrpEndpoint& endpoint, const vrrp::ParsedAdvert& parsed)>;

class AdvertPort {
 public:
  // How long a crowd may wait.
  static constexpr Duration crowd_pause = 5ms;

  // `unknown` outlives the port.
  AdvertPort(runtime::Loop& loop, linux::VrrpSocket socket, const UnknownRouter& unknown);
  ~AdvertPort() { flush(); }
  AdvertPort(const AdvertPort&) = delete;

  [[nodiscard]] const linux::VrrpEndpoint& endpoint() const { return socket_.endpoint(); }
  [[nodiscard]] const linux::VrrpSocket& socket() const { return socket_; }
  // At once, behind what was posted.
  Status send(const linux::OutgoingPacket& packet);
  // At the end of this turn at the latest. `sender` is told, unless it is gone by then; the bytes
  // are copied.
  void post(AdvertListener& sender, const linux::OutgoingPacket& packet);
  // Delivers what waits in the socket now, within a bound; true when nothing is left.
  bool drain();
  void listen(std::uint8_t virtual_router_id, AdvertListener* listener);
  void unlisten(std::uint8_t virtual_router_id, AdvertListener* listener);

 private:
  static constexpr int packets_per_turn = 128;

  struct Posted {
    AdvertListener* sender = nullptr;
    linux::OutgoingPacket packet;  // without its bytes, which may still move
    std::size_t size = 0;
  };
  struct Flusher final : runtime::Waiter {
    explicit Flusher(AdvertPort& owner) : port(owner) {}
    void run() override { port.flush(); }
    AdvertPort& port;
  };
  void flush();
  void tell(const Posted& posted, const Status& status);

  runtime::Loop& loop_;
  linux::VrrpSocket socket_;
  const UnknownRouter& unknown_;
  std::array<AdvertListener*, 256> listeners_{};
  std::vector<Posted> posted_;
  std::vector<std::uint8_t> posted_bytes_;
  Flusher flusher_{*this};
  CrowdGauge gauge_;
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
