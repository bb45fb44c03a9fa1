// Addresses that are on their way to another node: kept-alive connections to them end at their next
// response (`Connection: close`), so that clients come again to where the address is now.
// Set by the main thread, asked by all; without any it costs one relaxed read a request.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "net/address.h"

namespace baton::proxy {

class LeavingAddresses {
 public:
  void set(std::vector<net::IpAddress> addresses);
  // Whether the connection's own end is one of them.
  [[nodiscard]] bool covers(int socket) const {
    return any_.load(std::memory_order_relaxed) && covers_slowly(socket);
  }

 private:
  [[nodiscard]] bool covers_slowly(int socket) const;

  std::atomic<bool> any_ = false;
  mutable std::mutex mutex_;
  std::vector<net::IpAddress> addresses_;
};

}  // namespace baton::proxy
