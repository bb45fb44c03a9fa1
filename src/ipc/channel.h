// Channel: typed messages with descriptors over a SOCK_SEQPACKET socketpair between two processes
// of the tree. Sending never blocks: what the kernel does not take now waits in a bounded queue.
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "ipc/messages.h"
#include "runtime/source.h"
#include "runtime/task.h"

namespace baton::ipc {

// A connected pair of descriptors for two Channels: the first for us, the second for the child.
Result<std::pair<runtime::Fd, runtime::Fd>> make_channel_pair();

class Channel {
 public:
  static constexpr std::size_t queued_max = 4096;
  static constexpr std::size_t fds_max = 64;  // in one message

  Channel(runtime::Loop& loop, runtime::Fd fd);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Sends `message` now or, when the other end is slow, soon. Fails when the other end is gone
  // or too far behind; the descriptors of the message are closed in any case.
  Status send(Message message);
  Status send(MessageType type, std::uint64_t number = 0, std::string text = "");

  // The next message; `closed` when the other end is gone, `timed_out` at the deadline.
  runtime::Task<Result<Message>> receive(Instant deadline = never);

  // Completes when everything queued has been sent, or the other end is gone.
  [[nodiscard]] bool flushed() const { return queue_.empty(); }

 private:
  class Flusher;
  Status send_now(const Message& message, bool& would_block);
  void flush();

  runtime::Source source_;
  std::deque<Message> queue_;
  std::unique_ptr<Flusher> flusher_;
};

}  // namespace baton::ipc
