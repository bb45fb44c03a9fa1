// Keeping what was read ahead.

#include "proxy/forwarding/read_ahead.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "config/model/fastcgi.h"

namespace baton::proxy {

namespace {

constexpr std::size_t blocks_max = 256;

const config::ProxyBuffering& settings_of(const Request& request) {
  static const config::ProxyBuffering defaults;
  const config::Location& location = *request.location;
  const auto& settings =
      location.fastcgi_pass ? location.fastcgi->buffering : location.proxy_buffering;
  return settings ? *settings : defaults;
}

}  // namespace

ReadAhead::ReadAhead(Exchange& exchange, std::size_t memory_bytes)
    : exchange_(exchange),
      settings_(settings_of(exchange.request)),
      room_(exchange.loop()),
      bytes_(exchange.loop()) {
  const std::size_t block = exchange.services.large_buffers.size_bytes();
  blocks_max_ = std::clamp<std::size_t>((memory_bytes + block - 1) / block, 1, blocks_max);
}

bool ReadAhead::memory_has_room() const {
  if (file_end_ != file_begin_) return false;  // the order of the bytes
  if (blocks_.size() < blocks_max_) return true;
  return blocks_.back().buffer.span().size() - blocks_.back().end >= tail_bytes_min;
}

bool ReadAhead::file_has_room() const {
  return !file_failed_ && file_end_ < settings_.temporary_bytes_max;
}

runtime::Task<void> ReadAhead::room() {
  while (!given_up_) {
    if (memory_has_room()) {
      into_file_ = false;
      co_return;
    }
    const bool patient = file_end_ == 0 && waited_ < spill_patience;
    if (!patient && file_has_room()) {
      into_file_ = true;
      co_return;
    }
    const Instant since = exchange_.now();
    const Instant deadline = patient && file_has_room() ? since + spill_patience - waited_ : never;
    static_cast<void>(co_await room_.wait(deadline));
    waited_ += exchange_.now() - since;
    if (exchange_.loop().cancelled()) co_return;
  }
}

std::span<char> ReadAhead::space() {
  if (into_file_ || given_up_) {
    if (!scratch_) scratch_ = exchange_.services.large_buffers.take();
    const std::span<char> all = scratch_.span();
    if (given_up_) return all;
    const std::uint64_t left = settings_.temporary_bytes_max - file_end_;
    return all.first(static_cast<std::size_t>(std::min<std::uint64_t>(all.size(), left)));
  }
  const bool has_tail = !blocks_.empty() &&
                        blocks_.back().buffer.span().size() - blocks_.back().end >= tail_bytes_min;
  if (!has_tail) blocks_.push_back({exchange_.services.large_buffers.take(), 0});
  return blocks_.back().buffer.span().subspan(blocks_.back().end);
}

bool ReadAhead::keep(std::string_view bytes) {
  if (given_up_) return true;
  if (into_file_) {
    if (!bytes.empty() && !write_to_file(bytes)) return false;
  } else {
    Block& block = blocks_.back();
    char* const place = block.buffer.span().data() + block.end;
    // Behind a chunk's frame.
    if (!bytes.empty() && place != bytes.data()) std::memmove(place, bytes.data(), bytes.size());
    block.end += bytes.size();
    if (block.end == 0) blocks_.pop_back();
  }
  if (!bytes.empty()) bytes_.open();
  return true;
}

bool ReadAhead::write_to_file(std::string_view bytes) {
  if (!file_.fd) {
    auto made = make_temporary_file(settings_.temporary, config::default_proxy_folder, false);
    if (!made) {
      tell_trouble(made.error());
      return false;
    }
    file_ = std::move(*made);
    if (exchange_.services.error_log.enabled(LogLevel::warning, exchange_.request)) {
      exchange_.services.error_log.write(
          LogLevel::warning, exchange_.request,
          fmt::format("an upstream response is buffered to a temporary file {}", file_.path),
          "reading upstream");
    }
  }
  const auto written = write_at(file_, bytes, file_end_);
  if (!written) {
    tell_trouble(written.error());
    return false;
  }
  file_end_ += bytes.size();
  return true;
}

void ReadAhead::tell_trouble(const std::string& message) {
  file_failed_ = true;
  exchange_.services.error_log.write(LogLevel::critical, exchange_.request, message,
                                     "reading upstream");
}

void ReadAhead::finish() {
  finished_ = true;
  scratch_.reset();
  bytes_.open();
}

runtime::Task<void> ReadAhead::bytes_or_end() {
  while (empty() && !finished_ && !exchange_.loop().cancelled()) {
    static_cast<void>(co_await bytes_.wait());
  }
}

std::string_view ReadAhead::take() {
  if (!blocks_.empty()) {
    Block block = std::move(blocks_.front());
    blocks_.pop_front();
    taken_ = std::move(block.buffer);
    room_.open();
    return {taken_.span().data(), block.end};
  }
  if (!taken_) taken_ = exchange_.services.large_buffers.take();
  const std::span<char> all = taken_.span();
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(all.size(), file_end_ - file_begin_));
  const ssize_t got = ::pread(file_.fd.get(), all.data(), size, static_cast<off_t>(file_begin_));
  if (got <= 0) {
    tell_trouble(fmt::format("pread() \"{}\" failed ({}: {})", file_.path, errno,
                             std::generic_category().message(errno)));
    return {};
  }
  file_begin_ += static_cast<std::uint64_t>(got);
  // All of it is out: the next bytes may stay in memory, or start the file anew.
  if (file_begin_ == file_end_) file_begin_ = file_end_ = 0;
  room_.open();
  return {all.data(), static_cast<std::size_t>(got)};
}

void ReadAhead::give_up() {
  given_up_ = true;
  room_.open();
}

}  // namespace baton::proxy
