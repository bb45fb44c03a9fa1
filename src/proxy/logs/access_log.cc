// Gathering lines and writing them.

#include "proxy/logs/access_log.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "proxy/variables/variables.h"
#include "runtime/syslog_socket.h"

namespace baton::proxy {

namespace {

constexpr std::size_t batch_bytes_max = std::size_t{64} * 1024;

// Pipes keep a write in one piece only up to PIPE_BUF bytes.
std::size_t batch_limit(int descriptor) {
  struct stat status{};
  const bool pipe = ::fstat(descriptor, &status) == 0 && S_ISFIFO(status.st_mode);
  return pipe ? PIPE_BUF : batch_bytes_max;
}

// A whole gzip member; empty when there is no memory for it.
std::string compressed(std::string_view text, int level) {
  constexpr int gzip_window_bits = 15 + 16;
  z_stream stream{};
  if (::deflateInit2(&stream, level, Z_DEFLATED, gzip_window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return {};
  }
  std::string result(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  const bool done = ::deflate(&stream, Z_FINISH) == Z_STREAM_END;
  result.resize(done ? stream.total_out : 0);
  ::deflateEnd(&stream);
  return result;
}

// if=: a line is wanted unless the value is empty or "0".
bool is_wanted(const config::TemplateText& condition, const Request& request,
               std::string& scratch) {
  scratch.clear();
  append_text(scratch, condition, request);
  return !scratch.empty() && scratch != "0";
}

}  // namespace

AccessLogWriter::AccessLogWriter(runtime::Loop& loop, const config::Proxy& config,
                                 const LogFiles& files, Log& problems)
    : loop_(loop), config_(config), files_(files), problems_(problems), flush_timer_(loop, [this] {
        flush_gathered();
      }) {}

AccessLogWriter::Batch& AccessLogWriter::batch_of(const config::AccessLog& log) {
  if (const auto found = by_log_.find(&log); found != by_log_.end()) return *found->second;
  const int descriptor = files_.descriptor(log.path);
  auto& batch = batches_[descriptor];
  if (!batch) batch = make_batch(log, descriptor);
  by_log_.emplace(&log, batch.get());
  return *batch;
}

std::unique_ptr<AccessLogWriter::Batch> AccessLogWriter::make_batch(const config::AccessLog& log,
                                                                    int descriptor) {
  auto batch = std::make_unique<Batch>();
  batch->descriptor = descriptor;
  batch->gzip_level = log.gzip_level;
  // A file is buffered for all its logs when it is for one of them.
  const config::AccessLog* buffered = files_.buffering(log.path);
  batch->buffered = buffered != nullptr;
  if (!buffered) {
    batch->bytes_max = batch_limit(descriptor);
    return batch;
  }
  batch->bytes_max = buffered->buffer_bytes;
  batch->gzip_level = buffered->gzip_level;
  batch->interval = buffered->flush_interval;
  if (batch->interval > 0s) {
    batch->timer =
        std::make_unique<runtime::Timer>(loop_, [this, each = batch.get()] { flush_batch(*each); });
  }
  return batch;
}

void AccessLogWriter::write(const Request& request) {
  if (!request.location || !request.location->access_logs) return;
  for (const config::AccessLog& log : *request.location->access_logs) {
    if (log.condition && !is_wanted(*log.condition, request, scratch_)) continue;
    if (log.syslog) {
      send(log, request);
    } else if (log.path_text) {
      write_named(log, request);
    } else {
      add_line(log, request);
    }
  }
}

void AccessLogWriter::add_line(const config::AccessLog& log, const Request& request) {
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
  if (batch.buffered) {
    if (batch.lines.size() >= batch.bytes_max) flush_batch(batch);
    if (batch.timer && !batch.timer->armed() && !batch.lines.empty()) {
      batch.timer->arm(loop_.now() + batch.interval);
    }
  } else {
    flush_or_gather();
  }
}

// A line has come that is not for a `buffer=`.
void AccessLogWriter::flush_or_gather() {
  if (loop_.now() >= interval_began_ + flush_interval) {
    interval_began_ = loop_.now();
    writes_ = 0;
  }
  if (writes_ < writes_at_once) {
    ++writes_;
    flush_unbuffered();
  } else if (!flush_timer_.armed()) {
    flush_timer_.arm(interval_began_ + flush_interval);
  }
}

// A busy thread goes on gathering.
void AccessLogWriter::flush_gathered() {
  flush_unbuffered();
  interval_began_ = loop_.now();
  writes_ = writes_at_once;
}

void AccessLogWriter::write_named(const config::AccessLog& log, const Request& request) {
  // As nginx: a root that is not there is one that nobody meant to be logged.
  scratch_.clear();
  append_document_root(scratch_, request);
  struct stat status{};
  if (::stat(scratch_.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    if (errno != ENOENT && errno != ENOTDIR) tell_failure("stat", errno);
    return;
  }
  scratch_.clear();
  append_text(scratch_, *log.path_text, request);
  const auto* cache = request.location->log_file_cache.get();
  const int descriptor = named_files_.open(scratch_, cache, loop_.now());
  if (descriptor < 0) {
    problems_.print(LogLevel::critical, "open() \"{}\" failed ({}: {})", scratch_, errno,
                    std::strerror(errno));
    return;
  }
  scratch_.clear();
  append_log_text(scratch_, config_.log_formats[log.format], request);
  scratch_ += '\n';
  write_out(descriptor, scratch_);
  named_files_.release();
}

void AccessLogWriter::send(const config::AccessLog& log, const Request& request) {
  const config::SyslogTarget& target = *log.syslog;
  auto* const socket = files_.syslog(target);
  if (!socket) return;
  scratch_ = runtime::syslog_header(
      target.facility * 8 + static_cast<int>(target.severity),
      std::chrono::floor<std::chrono::seconds>(request.ended_at).time_since_epoch().count(),
      target.host_name ? runtime::syslog_host_name() : std::string(), target.tag);
  append_log_text(scratch_, config_.log_formats[log.format], request);
  if (const int error = socket->send(scratch_); error != 0) tell_failure("send() to syslog", error);
}

void AccessLogWriter::flush() {
  for (auto& [descriptor, batch] : batches_) flush_batch(*batch);
  flush_timer_.cancel();
}

void AccessLogWriter::flush_unbuffered() {
  for (auto& [descriptor, batch] : batches_) {
    if (!batch->buffered) flush_batch(*batch);
  }
  flush_timer_.cancel();
}

void AccessLogWriter::flush_batch(Batch& batch) {
  if (batch.lines.empty()) return;
  if (batch.gzip_level > 0) {
    write_out(batch.descriptor, compressed(batch.lines, batch.gzip_level));
  } else {
    write_out(batch.descriptor, batch.lines);
  }
  batch.lines.clear();
  if (batch.lines.capacity() > 2 * std::max(batch_bytes_max, batch.bytes_max)) {
    batch.lines.shrink_to_fit();
  }
  if (batch.timer) batch.timer->cancel();
}

void AccessLogWriter::write_out(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (written == 0 || errno != EINTR) {
      // A full disk must not stop the service: the lines are lost, and that is told.
      tell_failure("write() to the access log", errno);
      return;
    }
  }
}

void AccessLogWriter::tell_failure(const char* call, int errno_value) {
  if (last_told_ != Instant{} && loop_.now() < last_told_ + 60s) return;
  last_told_ = loop_.now();
  problems_.print(LogLevel::alert, "{} failed ({}: {})", call, errno_value,
                  std::strerror(errno_value));
}

}  // namespace baton::proxy
