// Raw sockets for VRRP: one to send and one to receive, for one interface and one way of talking
// (multicast group, or unicast to a local address). In IPv4 packets are whole, from their IP header
// on, both ways. In IPv6 the kernel makes and takes off the header (RFC 3542): messages go in with
// source and hop limit beside them and come out with their envelope. Checksums are the caller's in
// both: a wrong one is to be counted, not dropped unseen.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "runtime/fd.h"
#include "vrrp/packet.h"

namespace baton::linux {

struct VrrpEndpoint {
  std::string interface;  // sockets are bound to it; may be empty for unicast
  int link = 0;           // its index
  // Where adverts are sent to: the multicast group, or our own address for unicast. Only packets
  // to this address are received.
  net::IpAddress receive_address;
  // 112, or 51 for adverts behind an authentication header (IPv4).
  std::uint8_t protocol = vrrp::ip_protocol;

  [[nodiscard]] bool is_multicast() const { return receive_address.is_multicast(); }
  [[nodiscard]] bool is_ipv4() const { return receive_address.is_ipv4(); }
  friend auto operator<=>(const VrrpEndpoint&, const VrrpEndpoint&) = default;
};

struct ReceivedPacket {
  std::span<const std::uint8_t> bytes;     // valid until the next receive()
  Instant arrived{};                       // when the kernel got it
  Duration age{};                          // how long that was before it was read
  std::optional<vrrp::Envelope> envelope;  // IPv6 only: `bytes` is then the message alone
};

// What goes out, and how.
struct OutgoingPacket {
  std::span<const std::uint8_t> bytes;  // IPv4: with its header; IPv6: the message
  net::IpAddress source;
  net::IpAddress destination;
  std::uint8_t hop_limit = vrrp::ip_ttl;  // IPv6 only
};

class VrrpSocket {
 public:
  static Result<VrrpSocket> open(const VrrpEndpoint& endpoint);

  [[nodiscard]] const VrrpEndpoint& endpoint() const { return endpoint_; }
  // Gives the receiving descriptor away to be watched; receive() goes on with it.
  runtime::Fd release_receiver();
  // Their numbers, for who looks at the process from outside.
  [[nodiscard]] int receiver_number() const { return watched_; }
  [[nodiscard]] int sender_number() const { return sender_.get(); }
  // Without blocking.
  Status send(const OutgoingPacket& packet);
  // Many in one call, at most `batch_max`. How many of them, from the first one on, were sent; and
  // what hindered the next one, if anything did.
  struct Sent {
    std::size_t count = 0;
    Status next;
  };
  static constexpr std::size_t batch_max = 32;
  Sent send_all(std::span<const OutgoingPacket> packets);
  // The next packet that waits; nothing when there is none. Begins with begin_reading(): that the
  // socket was empty is known from the last batch, for a moment.
  void begin_reading() {
    if (given_ == taken_) given_ = taken_ = 0;
  }
  std::optional<ReceivedPacket> receive();

 private:
  VrrpSocket(VrrpEndpoint endpoint, runtime::Fd sender, runtime::Fd receiver);
  VrrpEndpoint endpoint_;
  runtime::Fd sender_;
  runtime::Fd receiver_;
  int watched_;
  bool take_batch();

  // What one call of the kernel gave: `taken_` packets, of which `given_` went to the caller.
  struct Batch;
  struct BatchDeleter {
    void operator()(Batch* batch) const;
  };
  std::unique_ptr<Batch, BatchDeleter> batch_;
  std::size_t taken_ = 0;
  std::size_t given_ = 0;
};

}  // namespace baton::linux
