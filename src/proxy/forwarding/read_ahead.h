// What a fast server has sent of a response's body and a slow client has not taken yet: some in
// memory (proxy_buffers), then in a temporary file (proxy_max_temp_file_size), so that the server's
// connection is free again while the client reads on.
//
// Bytes come out in the order in which they went in: memory first, then the file; as long as the
// file holds any, new ones go there. A file is begun only when the memory has been full for a while
// (spill_patience, summed up over the response): a client that merely breathes between two reads
// costs no disk.
//
// One coroutine fills, another drains; they wait for each other at the two gates.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string_view>

#include "config/model/proxy_buffering.h"
#include "proxy/client/temporary_file.h"
#include "proxy/exchange.h"
#include "runtime/gate.h"
#include "runtime/task.h"

namespace baton::proxy {

class ReadAhead {
 public:
  // `memory_bytes`: proxy_buffers.
  ReadAhead(Exchange& exchange, std::size_t memory_bytes);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // -- filling --

  // Waits until more may be read from the server, or the client is gone.
  runtime::Task<void> room();
  // Where to read into next. Good until keep(), which must follow without a pause in between: the
  // other side may take the buffer away.
  std::span<char> space();
  // Takes `bytes`, which stand in space(). False: the file failed, and was told of.
  bool keep(std::string_view bytes);
  // No more will come: the body is complete, or broken.
  void finish();

  // -- draining --

  // Waits until there are bytes, or no more will come.
  runtime::Task<void> bytes_or_end();
  [[nodiscard]] bool empty() const { return blocks_.empty() && file_end_ == file_begin_; }
  [[nodiscard]] bool finished() const { return finished_; }
  // The next bytes, at most a buffer; good until the next call. Empty: the file failed.
  std::string_view take();
  // The client is gone: what comes is not kept any more.
  void give_up();
  [[nodiscard]] bool given_up() const { return given_up_; }

 private:
  struct Block {
    runtime::BufferPool::Buffer buffer;
    std::size_t end = 0;
  };
  [[nodiscard]] bool memory_has_room() const;
  [[nodiscard]] bool file_has_room() const;
  bool write_to_file(std::string_view bytes);
  void tell_trouble(const std::string& message);

  static constexpr Duration spill_patience = 100ms;
  static constexpr std::size_t tail_bytes_min = 8192;

  Exchange& exchange_;
  const config::ProxyBuffering& settings_;
  std::size_t blocks_max_;
  std::deque<Block> blocks_;
  runtime::BufferPool::Buffer scratch_;  // on the way to the file
  runtime::BufferPool::Buffer taken_;    // what take() gave
  bool into_file_ = false;               // what is being read goes there
  Duration waited_ = 0s;                 // for room in memory
  TemporaryFile file_;
  std::uint64_t file_begin_ = 0;
  std::uint64_t file_end_ = 0;
  bool finished_ = false;
  bool given_up_ = false;
  bool file_failed_ = false;
  runtime::Gate room_;
  runtime::Gate bytes_;
};

}  // namespace baton::proxy
