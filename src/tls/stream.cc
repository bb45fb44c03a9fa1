// Bytes between the socket and the session.

#include "tls/stream.h"

#include <array>

namespace baton::tls {

runtime::Task<Status> Stream::handshake(Instant deadline) {
  if (connecting_) {
    const auto connected = co_await stream_.connected(deadline);
    if (!connected) co_return std::unexpected(connected.error());
  }
  for (;;) {
    const Status advanced = session_.advance();
    // An alert, too, is output.
    const Status sent = co_await send_output(deadline);
    if (!advanced) co_return advanced;
    if (!sent) co_return sent;
    if (session_.is_established()) co_return Status{};
    const auto more = co_await receive(deadline);
    if (!more) co_return std::unexpected(more.error());
    if (!*more) co_return fail(ErrorKind::closed, "TLS handshake");
  }
}

runtime::Task<Result<std::size_t>> Stream::read(std::span<char> into, Instant deadline) {
  for (;;) {
    const auto count = session_.read(into);
    if (!count && count.error().kind == ErrorKind::closed) co_return std::size_t{0};
    if (!count || *count > 0) co_return count;
    const auto more = co_await receive(deadline);
    if (!more) co_return std::unexpected(more.error());
    if (!*more) co_return std::size_t{0};
  }
}

runtime::Task<Status> Stream::write(std::string_view bytes, Instant deadline) {
  const Status written = session_.write(bytes);
  if (!written) co_return written;
  co_return co_await send_output(deadline);
}

runtime::Task<Status> Stream::send_output(Instant deadline) {
  std::string bytes = session_.take_output();
  if (bytes.empty()) co_return Status{};
  iovec piece{bytes.data(), bytes.size()};
  const auto sent = co_await stream_.write_all(std::span(&piece, 1), deadline);
  if (!sent) co_return std::unexpected(sent.error());
  co_return Status{};
}

runtime::Task<Result<bool>> Stream::receive(Instant deadline) {
  std::array<char, 4096> buffer;
  const auto count = co_await stream_.read(buffer, deadline);
  if (!count) co_return std::unexpected(count.error());
  if (*count == 0) co_return false;
  session_.feed(std::string_view(buffer.data(), *count));
  co_return true;
}

}  // namespace baton::tls
