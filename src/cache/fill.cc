// Temporary files that become entries.

#include "cache/fill.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cache/temporary_name.h"

namespace baton::cache {

namespace {

// So much is gathered before it is written; a response that fits costs one write.
constexpr std::size_t pending_bytes_max = 65536;

}  // namespace

Fill::Fill(Lookup& lookup, const http::HeaderTable& request, const Response& response)
    : cache_(lookup.cache()) {
  header_.valid_until = response.valid_until;
  header_.updating_seconds = response.updating_seconds;
  header_.error_seconds = response.error_seconds;
  const bool varies = !response.vary.empty();
  if (varies) header_.variant = variant_key(lookup.main_, response.vary, request);
  lookup.settle_key(header_.variant, varies);
  hold_ = std::move(lookup.hold_);
  path_ = cache_.path_of(lookup.key_);
  pending_ = entry_prefix(header_, response.vary, lookup.key_text(), response.head);
  if (!hold_) problem_ = "no room in the cache's zone";
}

Fill::~Fill() {
  discard();
}

void Fill::discard() {
  if (!file_) return;
  file_.reset();
  ::unlink(temporary_path_.c_str());
}

bool Fill::fail(std::string_view call, const std::string& path) {
  const int errno_value = errno;
  problem_ =
      fmt::format("{} \"{}\" failed ({}: {})", call, path, errno_value, std::strerror(errno_value));
  discard();
  pending_ = {};
  hold_.release();
  return false;
}

// The folders of the levels are made when they are needed first.
bool Fill::make_folders() {
  const std::size_t root = cache_.zone().path.size();
  for (std::size_t slash = path_.find('/', root + 1); slash != std::string::npos;
       slash = path_.find('/', slash + 1)) {
    const std::string folder = path_.substr(0, slash);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return fail("mkdir()", folder);
  }
  return true;
}

bool Fill::open_file() {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  temporary_path_ = temporary_name(path_);
  file_ = runtime::Fd(::open(temporary_path_.c_str(), flags, 0600));
  if (!file_ && errno == ENOENT) {
    if (!make_folders()) return false;
    file_ = runtime::Fd(::open(temporary_path_.c_str(), flags, 0600));
  }
  return file_ ? true : fail("open()", temporary_path_);
}

bool Fill::flush() {
  if (!file_ && !open_file()) return false;
  if (!write_out(pending_)) return false;
  pending_.clear();
  return true;
}

bool Fill::write_out(std::string_view left) {
  while (!left.empty()) {
    const ssize_t written = ::write(file_.get(), left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail("write()", temporary_path_);
    left.remove_prefix(static_cast<std::size_t>(written));
    written_ += static_cast<std::uint64_t>(written);
  }
  return true;
}

bool Fill::write(std::string_view bytes) {
  if (failed()) return false;
  header_.body_bytes += bytes.size();
  if (pending_.size() + bytes.size() < pending_bytes_max) {
    pending_.append(bytes);
    return true;
  }
  return flush() && write_out(bytes);
}

bool Fill::commit() {
  if (failed()) return false;
  if (written_ == 0) {
    std::memcpy(pending_.data(), &header_, sizeof header_);
    if (!flush()) return false;
  } else {
    if (!flush()) return false;
    if (::pwrite(file_.get(), &header_, sizeof header_, 0) !=
        static_cast<ssize_t>(sizeof header_)) {
      return fail("pwrite()", temporary_path_);
    }
  }
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0) return fail("fstat()", temporary_path_);
  if (::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    return fail("rename()", temporary_path_);
  }
  file_.reset();
  cache_.index().stored(hold_, disk_bytes_of(status));
  hold_.release();
  cache_.note_stored();
  return true;
}

}  // namespace baton::cache
