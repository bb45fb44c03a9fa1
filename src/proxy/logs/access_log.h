// Access log lines of one thread: to files, to files named by variables, to syslog.
//
// The first few lines to files in a flush_interval are written at once, so at a low rate every line
// is in the file when the client has its answer (tail -f, tests); at a high rate lines gather and
// go out together, one write() per flush_interval or full buffer. With
// `buffer=` they gather until that is full, or `flush=` has passed. Files are opened with O_APPEND
// and a write holds whole lines, so lines of several threads never mix; with `gzip` a write is a
// whole member (RFC 1952 section 2.2), and members may follow each other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/log.h"
#include "base/time.h"
#include "config/model/proxy.h"
#include "proxy/logs/log_files.h"
#include "proxy/logs/named_log_files.h"
#include "proxy/request.h"
#include "runtime/loop.h"

namespace baton::proxy {

inline constexpr Duration flush_interval = 20ms;
inline constexpr int writes_at_once = 8;  // in an interval

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
  // Files named by variables are opened anew from now on.
  void reopen() { named_files_.close_all(); }

 private:
  struct Batch {
    std::string lines;
    int descriptor = -1;
    std::size_t bytes_max = 0;
    int gzip_level = 0;
    // With `buffer=`: the flush of its own, if it has one.
    bool buffered = false;
    Duration interval = 0s;
    std::unique_ptr<runtime::Timer> timer;
  };

  Batch& batch_of(const config::AccessLog& log);
  std::unique_ptr<Batch> make_batch(const config::AccessLog& log, int descriptor);
  void add_line(const config::AccessLog& log, const Request& request);
  void write_named(const config::AccessLog& log, const Request& request);
  void send(const config::AccessLog& log, const Request& request);
  void flush_or_gather();
  void flush_gathered();
  void flush_unbuffered();
  void flush_batch(Batch& batch);
  void write_out(int descriptor, std::string_view text);
  void tell_failure(const char* call, int errno_value);

  runtime::Loop& loop_;
  const config::Proxy& config_;
  const LogFiles& files_;
  Log& problems_;
  NamedLogFiles named_files_;
  runtime::Timer flush_timer_;
  Instant interval_began_{};
  int writes_ = 0;  // at once, since then
  Instant last_told_{};
  std::string scratch_;
  // Two logs of one file share its batch; looked up by the address of the directive.
  std::unordered_map<int, std::unique_ptr<Batch>> batches_;
  std::unordered_map<const config::AccessLog*, Batch*> by_log_;
};

}  // namespace baton::proxy
