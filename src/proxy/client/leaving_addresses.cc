// Asking the socket where it is.

#include "proxy/client/leaving_addresses.h"

#include <sys/socket.h>

#include <algorithm>

#include "runtime/listen.h"

namespace baton::proxy {

void LeavingAddresses::set(std::vector<net::IpAddress> addresses) {
  const std::lock_guard lock(mutex_);
  addresses_ = std::move(addresses);
  any_.store(!addresses_.empty(), std::memory_order_relaxed);
}

bool LeavingAddresses::covers_slowly(int socket) const {
  sockaddr_storage address;
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  const auto local = net::Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address));
  if (!local) return false;
  const std::lock_guard lock(mutex_);
  return std::ranges::find(addresses_, runtime::unmapped(local->address)) != addresses_.end();
}

}  // namespace baton::proxy
