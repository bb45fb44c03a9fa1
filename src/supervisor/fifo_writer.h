// Named pipes that events are written to, a line each (notify_fifo of keepalived.conf).
//
// A pipe is opened for reading and writing, as keepalived does: so it needs no reader, what is
// written waits in it (64 KiB), and readers may come and go. Nothing here blocks: what does not fit
// is dropped, and that is logged once when it begins and once, with the number, when it ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "config/model/messages.h"
#include "runtime/fd.h"

namespace baton::supervisor {

class FifoWriter {
 public:
  explicit FifoWriter(Log& log) : log_(log) {}
  FifoWriter(const FifoWriter&) = delete;
  // Removes the pipes that it made.
  ~FifoWriter();

  // Makes and opens what is new, removes what is gone; the rest stays open, with what is in it.
  void configure(const std::vector<config::NotifyFifo>& fifos);
  // Readers get the end of the file once they have read all.
  void close();
  // `line` without its end; each pipe gets it whole or not at all.
  void write(std::string_view line);
  // Whether `path` is open.
  [[nodiscard]] bool has(std::string_view path) const;

 private:
  struct Fifo {
    std::string path;
    runtime::Fd fd;
    bool is_ours = false;  // we made it
    std::uint64_t dropped = 0;
  };
  void open(const config::NotifyFifo& wanted);
  static void remove(const Fifo& fifo);

  Log& log_;
  std::vector<Fifo> fifos_;
};

}  // namespace baton::supervisor
