// What is known of this machine's links and addresses: asked once, then kept by the kernel's
// change notices.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "linux/links.h"

namespace baton::failover {

class LinkTable {
 public:
  // Asks the kernel for everything anew.
  Status refresh(linux::Netlink& netlink);
  // Takes one notice (not `overrun`: that wants a refresh). False when it says nothing new, as for
  // an address whose lifetime was renewed.
  bool apply(const linux::NetworkChange& change);

  [[nodiscard]] const std::vector<linux::Link>& all() const { return links_; }
  // The first address of a link that is none of `excluded` (sorted), of any scope.
  [[nodiscard]] std::optional<net::IpAddress> first_address(
      int link, net::Family family, const std::vector<net::IpAddress>& excluded) const;
  // Null when there is no such link.
  [[nodiscard]] const linux::Link* find(const std::string& name) const;
  [[nodiscard]] const linux::Link* find(int index) const;
  [[nodiscard]] const linux::Link* find(const net::Mac& mac) const;
  // Up, and with a carrier: as a poll has told (set_beat), else as the kernel does.
  [[nodiscard]] bool is_usable(const linux::Link& link) const;
  // What a poll says of an interface's carrier; nothing: believe the kernel. True when it is new.
  bool set_beat(const std::string& name, std::optional<bool> carrier);
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
  std::map<std::string, bool> beats_;
};

}  // namespace baton::failover
