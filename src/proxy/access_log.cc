// Gathering lines and writing them.

#include "proxy/access_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "proxy/variables.h"

namespace baton::proxy {

namespace {

constexpr std::size_t batch_bytes_max = std::size_t{64} * 1024;

// Pipes keep a write in one piece only up to PIPE_BUF bytes.
std::size_t batch_limit(int descriptor) {
  struct stat status{};
  const bool pipe = ::fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode);
  return pipe ? PIPE_BUF : batch_bytes_max;
}

}  // namespace

AccessLogWriter::AccessLogWriter(runtime::Loop& loop, const config::Proxy& config,
                                 const LogFiles& files, Log& problems)
    : loop_(loop), config_(config), files_(files), problems_(problems), flush_timer_(loop, [this] {
        flush();
      }) {}

AccessLogWriter::Batch& AccessLogWriter::batch_of(const config::AccessLog& log) {
  if (const auto found = by_log_.find(&log); found != by_log_.end()) return *found->second;
  const int descriptor = files_.descriptor(log.path);
  auto& batch = batches_[descriptor];
  if (!batch) {
    batch = std::make_unique<Batch>();
    batch->descriptor = descriptor;
    batch->bytes_max = batch_limit(descriptor);
  }
  by_log_.emplace(&log, batch.get());
  return *batch;
}

void AccessLogWriter::write(const Request& request) {
  if (!request.location || request.location->access_logs.empty()) return;
  for (const config::AccessLog& log : request.location->access_logs) {
    Batch& batch = batch_of(log);
    const std::size_t start = batch.lines.size();
    append_log_text(batch.lines, config_.log_formats[log.format], request);
    batch.lines += '\n';
    if (batch.lines.size() > batch.bytes_max && start > 0) {
      // The new line would make the batch too long: what was there goes first.
      const std::string line = batch.lines.substr(start);
      batch.lines.resize(start);
      flush_batch(batch);
      batch.lines = line;
    }
  }
  if (loop_.now() >= last_flush_ + flush_interval) {
    flush();
  } else if (!flush_timer_.armed()) {
    flush_timer_.arm(last_flush_ + flush_interval);
  }
}

void AccessLogWriter::flush() {
  for (auto& [descriptor, batch] : batches_) flush_batch(*batch);
  last_flush_ = loop_.now();
  flush_timer_.cancel();
}

void AccessLogWriter::flush_batch(Batch& batch) {
  std::string_view left = batch.lines;
  while (!left.empty()) {
    const ssize_t written = ::write(batch.descriptor, left.data(), left.size());
    if (written > 0) {
      left.remove_prefix(static_cast<std::size_t>(written));
    } else if (written == 0 || errno != EINTR) {
      // A full disk must not stop the service: the lines are lost, and that is told.
      tell_failure(errno);
      break;
    }
  }
  batch.lines.clear();
  if (batch.lines.capacity() > 2 * batch_bytes_max) batch.lines.shrink_to_fit();
}

void AccessLogWriter::tell_failure(int errno_value) {
  if (last_told_ != Instant{} && loop_.now() < last_told_ + 60s) return;
  last_told_ = loop_.now();
  problems_.print(LogLevel::alert, "write() to the access log failed ({}: {})", errno_value,
                  std::strerror(errno_value));
}

}  // namespace baton::proxy
