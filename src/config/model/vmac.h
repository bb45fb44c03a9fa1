// Virtual MAC addresses (RFC 5798 section 7.3): interfaces of their own that carry them, so that an
// address keeps its MAC when it moves to another node.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "net/address.h"

namespace baton::config {

// An interface that is made for an instance, a macvlan in private mode.
struct VmacLink {
  std::string name;
  std::string parent;
  net::Mac mac;
  net::Family family = net::Family::ipv4;  // of the addresses on it

  friend bool operator==(const VmacLink&, const VmacLink&) = default;
};

struct VirtualMac {
  bool wanted = false;            // use_vmac
  bool for_other_links = false;   // use_vmac_addr: also for addresses of other devices
  bool transmit_on_base = false;  // vmac_xmit_base: adverts keep the MAC of the real interface
  std::string name;               // of the interface; empty until it is settled
  std::string mac_text;           // as written; empty: the protocol's
  // All that the instance needs; with use_vmac the first is the one on its own interface.
  std::vector<VmacLink> links;
  // garp_extra_if: addresses on other links than the adverts' are announced again and again.
  Duration announce_interval = 0s;   // 0: not
  bool announce_everywhere = false;  // on real interfaces, too
};

}  // namespace baton::config
