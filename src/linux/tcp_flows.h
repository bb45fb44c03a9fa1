// The kernel's TCP connections to some of this machine's addresses (sock_diag(7)).
//
// A listing is read in pieces: 10,000 connections take the kernel some 50 ms, and who has timers of
// ten milliseconds to keep takes one piece in each turn of its loop. What is opened or closed
// meanwhile may be missed; whoever needs all looks again.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "runtime/fd.h"

namespace baton::linux {

struct TcpFlow {
  net::Endpoint local;
  net::Endpoint remote;
  // All was sent and acknowledged, and this end has closed: only the other end's word is missing.
  bool is_settled = false;
  // This end has closed, and at most the word of that is not acknowledged yet.
  bool is_closed = false;
};

class TcpFlowListing {
 public:
  // Connections with a local address among `locals`: established ones, those that are being opened,
  // and those that are being closed and still need packets.
  static Result<TcpFlowListing> begin(std::span<const net::IpAddress> locals);

  // Hands the next few (some hundred) to `visit`. True: there may be more.
  Result<bool> read_some(const std::function<void(const TcpFlow& flow)>& visit);

 private:
  TcpFlowListing(std::vector<net::IpAddress> locals, runtime::Fd socket)
      : locals_(std::move(locals)), socket_(std::move(socket)) {}
  Status ask();

  std::vector<net::IpAddress> locals_;
  runtime::Fd socket_;
  bool more_ = false;
  std::vector<char> buffer_;
};

}  // namespace baton::linux
