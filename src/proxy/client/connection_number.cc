// Handing out connection numbers.

#include "proxy/client/connection_number.h"

#include <atomic>

namespace baton::proxy {

std::uint64_t next_connection_number() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace baton::proxy
