// Access log lines of one thread, written in batches.
//
// A line is written at once when the thread has not written for flush_interval, so at a low rate
// every line is in the file when the client has its answer (tail -f, tests); at a high rate lines
// gather and go out together, one write() per flush_interval or full buffer. Files are opened with
// O_APPEND and a write holds whole lines, so lines of several threads never mix.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/log.h"
#include "base/time.h"
#include "config/model/proxy.h"
#include "proxy/log_files.h"
#include "proxy/request.h"
#include "runtime/loop.h"

namespace baton::proxy {

inline constexpr Duration flush_interval = 20ms;

class AccessLogWriter {
 public:
  // All must outlive it. Failed writes are told to `problems`, at most once a minute.
  AccessLogWriter(runtime::Loop& loop, const config::Proxy& config, const LogFiles& files,
                  Log& problems);
  AccessLogWriter(const AccessLogWriter&) = delete;
  AccessLogWriter& operator=(const AccessLogWriter&) = delete;
  ~AccessLogWriter() { flush(); }

  // One line to each access log of the request's location (Request::ended and ended_at are set).
  void write(const Request& request);
  // Before the files are reopened, and at the end.
  void flush();

 private:
  struct Batch {
    std::string lines;
    int descriptor = -1;
    std::size_t bytes_max = 0;
  };

  Batch& batch_of(const config::AccessLog& log);
  void flush_batch(Batch& batch);
  void tell_failure(int errno_value);

  runtime::Loop& loop_;
  const config::Proxy& config_;
  const LogFiles& files_;
  Log& problems_;
  runtime::Timer flush_timer_;
  Instant last_flush_{};
  Instant last_told_{};
  // Two logs of one file share its batch; looked up by the address of the directive.
  std::unordered_map<int, std::unique_ptr<Batch>> batches_;
  std::unordered_map<const config::AccessLog*, Batch*> by_log_;
};

}  // namespace baton::proxy
