// A TLS session over a connected socket of the loop, as awaitable steps. After the handshake one
// task may read and another may write at the same time.
#pragma once

#include <span>
#include <string_view>

#include "runtime/stream.h"
#include "runtime/task.h"
#include "tls/session.h"

namespace baton::tls {

class Stream {
 public:
  // `fd`: as for runtime::Stream.
  Stream(runtime::Loop& loop, runtime::Fd fd, std::shared_ptr<PskContext> context, Role role,
         bool connecting = false)
      : stream_(loop, std::move(fd), connecting),
        session_(std::move(context), role),
        connecting_(connecting) {}

  // Waits for the connection, if need be, and for the handshake.
  runtime::Task<Status> handshake(Instant deadline);
  // At least one byte, or 0 at the end of the stream.
  runtime::Task<Result<std::size_t>> read(std::span<char> into, Instant deadline);
  runtime::Task<Status> write(std::string_view bytes, Instant deadline);
  // Ends what waits with `cancelled`, and all that comes later.
  void cancel() { stream_.source().cancel(); }

 private:
  runtime::Task<Status> send_output(Instant deadline);
  // Brings bytes of the network into the session; false at the end of the stream.
  runtime::Task<Result<bool>> receive(Instant deadline);

  runtime::Stream stream_;
  Session session_;
  bool connecting_;
};

}  // namespace baton::tls
