// Network links and addresses by rtnetlink: asking, changing, watching.
//
// A request is answered within the sendto() call that carries it, so nothing here blocks: the
// answer is in the socket's queue when the send returns. What others change comes by the monitor,
// a second socket; when its queue overflows it says so, and its owner asks anew.
//
// (The file is not called netlink.h because it would hide the kernel's <linux/netlink.h>.)
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "net/address_traits.h"
#include "runtime/fd.h"

struct nlmsghdr;

namespace baton::linux {

struct Link {
  int index = 0;
  std::string name;
  bool up = false;       // administratively
  bool running = false;  // carrier, as far as the driver knows
  bool loopback = false;
  net::Mac mac;
  std::uint32_t mtu = 0;

  [[nodiscard]] bool usable() const { return up && running; }
  friend bool operator==(const Link&, const Link&) = default;
};

struct InterfaceAddress {
  int link = 0;
  net::Prefix prefix;
  std::uint8_t scope = 0;
  bool permanent = false;  // without a lifetime
  bool tentative = false;  // IPv6: duplicate address detection has not ended, or has failed

  friend bool operator==(const InterfaceAddress&, const InterfaceAddress&) = default;
};

struct AddressChange {
  int link = 0;
  net::Prefix prefix;
  std::uint8_t scope = 0;
  std::string label;
  std::optional<net::IpAddress> broadcast;
  net::AddressTraits traits;
  // After this the kernel removes the address by itself, in whole seconds and up to one second
  // later; absent: never.
  std::optional<Duration> lifetime;
};

// Keeps the other IPv4 addresses of a prefix when its first one is removed (sysctl
// net.ipv4.conf.NAME.promote_secondaries).
Status promote_secondaries(const std::string& interface);

class Netlink {
 public:
  static Result<Netlink> open();

  Result<std::vector<Link>> links();
  Result<std::vector<InterfaceAddress>> addresses();
  // Frames that the link has received since it was made.
  Result<std::uint64_t> frames_received(int link);
  // Adds, or gives an existing address a new lifetime.
  Status put_address(const AddressChange& change);
  // The same for many at once, in as few calls as possible. The result has an errno for each, 0 for
  // those that are done.
  std::vector<int> put_addresses(std::span<const AddressChange> changes);
  // An address that is not there is no error. `peer`: as it was put.
  Status remove_address(int link, const net::Prefix& prefix,
                        const std::optional<net::IpAddress>& peer = std::nullopt);
  // Any other request that is answered by an acknowledgement alone.
  Status ask(nlmsghdr* message) {
    return request(message, [](const nlmsghdr*) {});
  }

 private:
  explicit Netlink(runtime::Fd fd) : fd_(std::move(fd)) {}
  Status request(nlmsghdr* message, const std::function<void(const nlmsghdr*)>& visit);
  Status put_batch(std::span<const AddressChange> changes, std::span<int> errors);

  runtime::Fd fd_;
  std::uint32_t sequence_ = 0;
  std::vector<char> received_;
};

struct NetworkChange {
  enum class Kind : std::uint8_t {
    link,             // `link_state`
    link_gone,        // `link_state`
    address,          // `address` was added or changed
    address_removed,  // `address`
    overrun,          // changes were lost
  };
  Kind kind = Kind::overrun;
  Link link_state;
  InterfaceAddress address;
};

class NetworkMonitor {
 public:
  static Result<NetworkMonitor> open();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // Gives the descriptor away to be watched; read() goes on with it.
  runtime::Fd release() {
    watched_ = fd_.get();
    return std::move(fd_);
  }
  // Hands every change that waits to `visit`, oldest first, and returns when none is left.
  void read(const std::function<void(const NetworkChange&)>& visit);

 private:
  explicit NetworkMonitor(runtime::Fd fd) : fd_(std::move(fd)), watched_(fd_.get()) {}
  runtime::Fd fd_;
  int watched_;
};

}  // namespace baton::linux
