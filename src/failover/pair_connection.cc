// Reading and writing frames.

#include "failover/pair_connection.h"

#include <array>

namespace baton::failover {

runtime::Task<Status> PairConnection::handshake(Instant deadline) {
  return stream_.handshake(deadline);
}

Status PairConnection::send(PairMessage type, std::string_view body, std::size_t bytes_max) {
  if (closed_) return fail(ErrorKind::unavailable, "pair link");
  if (queued_bytes_ + body.size() > bytes_max) return fail(ErrorKind::too_large, "pair link");
  queue_.push_back(encode_frame(type, body));
  queued_bytes_ += queue_.back().size();
  queued_.open();
  return {};
}

runtime::Task<void> PairConnection::write_all(Duration alive_interval, Duration patience) {
  while (!closed_ && !loop_.cancelled()) {
    if (queue_.empty()) {
      static_cast<void>(co_await queued_.wait(loop_.now() + alive_interval));
      if (closed_ || loop_.cancelled()) break;
    }
    // Small ones that wait together travel together; a record holds 16 KB.
    std::string bytes;
    if (queue_.empty()) bytes = encode_frame(PairMessage::alive, "");
    constexpr std::size_t batch = 16 * 1024;
    while (!queue_.empty() && (bytes.empty() || bytes.size() + queue_.front().size() <= batch)) {
      queued_bytes_ -= queue_.front().size();
      bytes += queue_.front();
      queue_.pop_front();
    }
    const Status sent = co_await stream_.write(bytes, loop_.now() + patience);
    if (!sent) break;
  }
  close();
}

runtime::Task<Result<PairFrame>> PairConnection::read(Instant deadline) {
  for (;;) {
    auto frame = frames_.next();
    if (!frame) co_return std::unexpected(frame.error());
    if (*frame) co_return std::move(**frame);
    std::array<char, 4096> buffer;
    const auto count = co_await stream_.read(buffer, deadline);
    if (!count) co_return std::unexpected(count.error());
    if (*count == 0) co_return fail(ErrorKind::closed, "pair link");
    frames_.feed(std::string_view(buffer.data(), *count));
  }
}

void PairConnection::close() {
  if (closed_) return;
  closed_ = true;
  stream_.cancel();
  queued_.open();
}

}  // namespace baton::failover
