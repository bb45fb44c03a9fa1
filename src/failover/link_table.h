// What is known of this machine's links and addresses: asked once, then kept by the kernel's
// change notices.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "linux/links.h"

namespace baton::failover {

class LinkTable {
 public:
  // Asks the kernel for everything anew.
  Status refresh(linux::Netlink& netlink);
  // Takes one notice (not `overrun`: that wants a refresh).
  void apply(const linux::NetworkChange& change);

  // Null when there is no such link.
  [[nodiscard]] const linux::Link* find(const std::string& name) const;
  [[nodiscard]] const linux::Link* find(int index) const;
  [[nodiscard]] const linux::Link* find(const net::Mac& mac) const;
  // The address that `name` is known by: its first IPv4 address, or the first link-local IPv6 one
  // that may be used already, that is none of `excluded` (sorted).
  [[nodiscard]] std::optional<net::IpAddress> own_address(
      const std::string& name, net::Family family,
      const std::vector<net::IpAddress>& excluded) const;
  // True when some link has `address` and it may be used.
  [[nodiscard]] bool has_address(const net::IpAddress& address) const;
  // The address as it is on the link, whatever its prefix length; null when it is not there.
  [[nodiscard]] const linux::InterfaceAddress* find_address(int link,
                                                            const net::IpAddress& address) const;

 private:
  std::vector<linux::Link> links_;
  std::vector<linux::InterfaceAddress> addresses_;
};

}  // namespace baton::failover
