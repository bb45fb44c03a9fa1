// The kernel's TCP connections to some of this machine's addresses (sock_diag(7)).
#pragma once

#include <functional>
#include <span>

#include "base/result.h"
#include "net/address.h"

namespace baton::linux {

struct TcpFlow {
  net::Endpoint local;
  net::Endpoint remote;
  // All was sent and acknowledged, and this end has closed: only the other end's word is missing.
  bool is_settled = false;
};

// Hands every connection with a local address among `locals` to `visit`: established ones, those
// that are being opened, and those that are being closed and still need packets. Looks at all
// sockets once; 10,000 take some milliseconds.
Status visit_tcp_flows(std::span<const net::IpAddress> locals,
                       const std::function<void(const TcpFlow& flow)>& visit);

}  // namespace baton::linux
