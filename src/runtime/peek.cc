// MSG_PEEK over an edge-triggered source: what was seen before is no news.

#include "runtime/peek.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace baton::runtime {

Task<Result<std::size_t>> peek_more(Stream& stream, std::span<char> into, std::size_t known,
                                    Instant deadline) {
  Source& source = stream.source();
  while (true) {
    const auto ready = co_await stream.readable(deadline);
    if (!ready) co_return std::unexpected(ready.error());
    const ssize_t count = ::recv(source.fd(), into.data(), into.size(), MSG_PEEK | MSG_DONTWAIT);
    if (count < 0 && errno != EAGAIN && errno != EINTR) co_return fail_errno(errno, "recv()");
    const std::size_t waiting = count < 0 ? 0 : static_cast<std::size_t>(count);
    if (waiting > known || source.hung_up() || count == 0) co_return waiting;
    source.clear_ready(Direction::read);
  }
}

void discard(Stream& stream, std::size_t count, std::size_t waiting) {
  std::array<char, 4096> into;
  const bool all = count == waiting;
  while (count > 0) {
    const ssize_t taken = ::recv(stream.fd(), into.data(), std::min(count, into.size()), 0);
    if (taken <= 0) return;
    count -= static_cast<std::size_t>(taken);
  }
  if (all) stream.source().drained();
}

}  // namespace baton::runtime
