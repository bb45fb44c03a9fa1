// Connected stream sockets (TCP and unix) and listening sockets as awaitable operations. Every one
// takes a deadline (`never` for none) and returns Result: closed by the other end is an ordinary
// value (0 bytes), a broken connection an error.
#pragma once

#include <sys/uio.h>

#include <span>
#include <string>
#include <string_view>

#include "net/address.h"
#include "runtime/source.h"
#include "runtime/task.h"

namespace baton::runtime {

// Reads what is there, at most the buffer's size; 0 at the end of the stream.
struct ReadSome {
  static constexpr Direction direction = Direction::read;
  using Value = std::size_t;
  std::span<char> into;
  std::optional<Result<Value>> attempt(Source& source);
};

// Sends as much of the pieces as the kernel takes now, at least one byte.
struct WriteSome {
  static constexpr Direction direction = Direction::write;
  using Value = std::size_t;
  const iovec* pieces;
  int count;
  bool more;  // MSG_MORE: more follows at once, do not send a small segment
  std::optional<Result<Value>> attempt(Source& source);
};

// Sends all of the pieces; advances the iovecs given, which must live until completion.
struct WriteAll {
  static constexpr Direction direction = Direction::write;
  using Value = std::monostate;
  iovec* pieces;
  int count;
  bool more;
  std::optional<Result<Value>> attempt(Source& source);
};

// Sends of `left` bytes of a file from `offset` (sendfile) what the kernel takes now, at least one
// byte; 0: the file ended early.
struct SendFile {
  static constexpr Direction direction = Direction::write;
  using Value = std::size_t;
  int file;
  off_t offset;
  std::size_t left;
  std::size_t sent = 0;
  std::optional<Result<Value>> attempt(Source& source);
};

// Completes when a connection attempt has succeeded or failed.
struct FinishConnect {
  static constexpr Direction direction = Direction::write;
  using Value = std::monostate;
  std::optional<Result<Value>> attempt(Source& source);
};

struct Accepted {
  Fd fd;                              // non-blocking
  std::optional<net::Endpoint> peer;  // absent for unix sockets
};

struct AcceptOne {
  static constexpr Direction direction = Direction::read;
  using Value = Accepted;
  std::optional<Result<Value>> attempt(Source& source);
};

class Stream {
 public:
  // `fd` is a connected, non-blocking stream socket, or with `connecting` one that connect() was
  // called on (begin_connect()).
  Stream(Loop& loop, Fd fd, bool connecting = false)
      : source_(loop, std::move(fd), Trigger::edge, connecting) {}

  Wait<ReadSome> read(std::span<char> into, Instant deadline) {
    return {source_, deadline, {into}};
  }
  Wait<WriteSome> write_some(std::span<const iovec> pieces, Instant deadline, bool more = false) {
    return {source_, deadline, {pieces.data(), static_cast<int>(pieces.size()), more}};
  }
  Wait<WriteAll> write_all(std::span<iovec> pieces, Instant deadline, bool more = false) {
    return {source_, deadline, {pieces.data(), static_cast<int>(pieces.size()), more}};
  }
  Wait<SendFile> send_file(int file, off_t offset, std::size_t count, Instant deadline) {
    return {source_, deadline, {file, offset, count}};
  }
  Wait<FinishConnect> connected(Instant deadline) { return {source_, deadline, {}}; }
  // Completes when there is something to read (also end-of-file), without reading it: an idle
  // connection waits here and holds no buffer.
  Wait<BecomeReady<Direction::read>> readable(Instant deadline) { return {source_, deadline, {}}; }

  [[nodiscard]] Source& source() { return source_; }
  [[nodiscard]] int fd() const { return source_.fd(); }
  void shutdown_write();
  // Closing will drop what is unsent and reset the connection, to free its memory at once.
  void reset_on_close();

 private:
  Source source_;
};

// What a connection is made with beyond its other end.
struct ConnectOptions {
  std::optional<net::Endpoint> from;  // bound first; port 0: the kernel's choice
  bool transparent = false;           // `from` need not be an address of this machine
  bool keepalive_probes = false;
  std::optional<int> send_buffer_bytes;
  std::optional<int> receive_buffer_bytes;
};

// Starts a non-blocking connect. The socket has TCP_NODELAY set.
Result<Fd> begin_connect(const net::Endpoint& to, const ConnectOptions& options = {});
Result<Fd> begin_connect_unix(const std::string& path);

// A listening socket in a loop. `fd` must be non-blocking.
class Listener {
 public:
  Listener(Loop& loop, Fd fd) : source_(loop, std::move(fd), Trigger::level) {}
  Wait<AcceptOne> accept(Instant deadline = never) { return {source_, deadline, {}}; }
  [[nodiscard]] Source& source() { return source_; }

 private:
  Source source_;
};

}  // namespace baton::runtime
