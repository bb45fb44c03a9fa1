// A listening TCP socket of this process's own, for services that are not the proxy's (whose
// sockets belong to the supervisor).
#pragma once

#include "base/result.h"
#include "net/address.h"
#include "runtime/fd.h"

namespace baton::runtime {

// Non-blocking. "::" takes IPv4 as well (peers then have mapped addresses, see unmapped()), and is
// 0.0.0.0 where the machine has no IPv6. The address need not be here yet.
Result<Fd> listen_tcp(const net::Endpoint& at);

// ::ffff:192.0.2.1 as 192.0.2.1; any other address as it is.
net::IpAddress unmapped(const net::IpAddress& address);

}  // namespace baton::runtime
