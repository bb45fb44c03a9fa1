// What an address on an interface can be besides its prefix (rtnetlink's IFA_F_ flags and the other
// end of a point-to-point link), as iproute2 names it.
#pragma once

#include <optional>

#include "net/address.h"

namespace baton::net {

struct AddressTraits {
  std::optional<IpAddress> peer;   // the other end; the prefix is then its own
  bool detect_duplicates = false;  // IPv6: wait for duplicate address detection first
  bool home = false;               // IPv6: Mobile IPv6 home address
  bool manage_temporary = false;   // IPv6: mngtmpaddr
  bool without_prefix_route = false;
  bool join_multicast = false;  // autojoin
  bool deprecated = false;      // IPv6: never chosen as a source address by itself

  friend bool operator==(const AddressTraits&, const AddressTraits&) = default;
};

}  // namespace baton::net
