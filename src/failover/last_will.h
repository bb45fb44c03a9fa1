// A crash never leaves an address behind: what has to be done when this process ends without doing
// it itself, in the hands of another one.
//
// The executor is a child that does nothing but wait. It knows which addresses are held and how the
// others are told that their master is gone; when the line to it breaks it removes the first and
// sends the second, within a millisecond. Killing this process, or the supervisor, or all of the
// tree's processes by name, is thereby no worse than stopping them. (When the executor is killed,
// too, the addresses' lifetime ends in the kernel, and backups notice by BFD or by VRRP.)
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "linux/vrrp_socket.h"
#include "net/address.h"
#include "runtime/fd.h"
#include "vrrp/packet.h"

namespace baton::failover {

// Of one instance that is master.
struct Bequest {
  struct Address {
    int link = 0;
    net::Prefix prefix;
    friend bool operator==(const Address&, const Address&) = default;
  };
  struct Goodbye {
    net::IpAddress source;
    net::IpAddress destination;
    std::uint8_t hop_limit = vrrp::ip_ttl;
    std::vector<std::uint8_t> bytes;  // an advert of priority 0, as linux::OutgoingPacket has it
    friend bool operator==(const Goodbye&, const Goodbye&) = default;
  };
  std::vector<Address> addresses;
  linux::VrrpEndpoint endpoint;  // where the goodbyes are sent from
  std::vector<Goodbye> goodbyes;

  [[nodiscard]] std::vector<std::uint8_t> encode() const;
  // Empty when `bytes` are not whole.
  static std::optional<Bequest> decode(std::span<const std::uint8_t> bytes);
  friend bool operator==(const Bequest&, const Bequest&) = default;
};

class LastWill {
 public:
  static constexpr const char* executor_name = "baton-executor";

  // `rename` gives the executor its name for ps.
  LastWill(Log& log, std::function<void()> rename) : log_(log), rename_(std::move(rename)) {}
  ~LastWill();
  LastWill(const LastWill&) = delete;
  LastWill& operator=(const LastWill&) = delete;

  // Appoints the executor ahead of time: a takeover shall not wait for a fork.
  void prepare() {
    if (!line_) appoint();
  }
  // From now on this is done for `holder`, instead of what was left before.
  void leave(const std::string& holder, Bequest bequest);
  void revoke(const std::string& holder);
  void revoke_all();
  // Once a second: a killed executor is replaced.
  void tend();

 private:
  void appoint();
  void send(const std::string& holder, std::span<const std::uint8_t> bequest);

  Log& log_;
  std::function<void()> rename_;
  std::map<std::string, Bequest> bequests_;
  runtime::Fd line_;
  pid_t executor_ = 0;
  bool told_ = false;
};

}  // namespace baton::failover
