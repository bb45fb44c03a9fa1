// One connection of the pair link, chosen or not: frames over TLS, with a queue for what the other
// end has not taken yet.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "failover/pair_frame.h"
#include "runtime/gate.h"
#include "tls/stream.h"

namespace baton::failover {

class PairConnection {
 public:
  PairConnection(runtime::Loop& loop, runtime::Fd fd, std::shared_ptr<tls::PskContext> context,
                 tls::Role role)
      : loop_(loop),
        stream_(loop, std::move(fd), std::move(context), role, role == tls::Role::client),
        queued_(loop) {}

  runtime::Task<Status> handshake(Instant deadline);
  // Puts a frame into the queue; `too_large` beyond `bytes_max` waiting bytes.
  Status send(PairMessage type, std::string_view body, std::size_t bytes_max);
  // Sends what is queued, and `alive` whenever there was nothing for `alive_interval`, until the
  // connection breaks or is closed.
  runtime::Task<void> write_all(Duration alive_interval, Duration patience);
  // The next frame; `timed_out` after `patience` without one, `closed` at the end.
  runtime::Task<Result<PairFrame>> read(Instant deadline);
  // Ends what waits; nothing is sent any more.
  void close();
  [[nodiscard]] bool is_closed() const { return closed_; }

 private:
  runtime::Loop& loop_;
  tls::Stream stream_;
  PairFrameReader frames_;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  runtime::Gate queued_;
  bool closed_ = false;
};

}  // namespace baton::failover
