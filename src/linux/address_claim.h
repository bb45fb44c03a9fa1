// Somebody on a link says that it has an address: by an ARP reply or announcement, or by a
// neighbour advertisement.
#pragma once

#include "net/address.h"

namespace baton::linux {

struct AddressClaim {
  int link = 0;
  net::Mac mac;
  net::IpAddress address;
};

}  // namespace baton::linux
