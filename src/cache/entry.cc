// Reading and writing the form of files.

#include "cache/entry.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/assert.h"

namespace baton::cache {

namespace {

// Enough for the head of nearly every response.
constexpr std::size_t first_read_bytes = 4096;

// How long the part before the body is, as the header at the start of `bytes` says; 0 when that is
// no header of ours.
std::size_t prefix_bytes(std::string_view bytes) {
  if (bytes.size() < sizeof(EntryHeader)) return 0;
  EntryHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.mark != EntryHeader::expected_mark) return 0;
  const std::uint64_t size = sizeof(EntryHeader) + std::uint64_t{header.vary_bytes} +
                             key_mark.size() + header.key_bytes + 1 + header.head_bytes;
  return size <= entry_prefix_max ? static_cast<std::size_t>(size) : 0;
}

// Reads until `bytes` holds `size` bytes of the file.
Status read_up_to(int file, std::string& bytes, std::size_t size) {
  std::size_t have = bytes.size();
  bytes.resize(size);
  while (have < size) {
    const ssize_t got = ::pread(file, bytes.data() + have, size - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "pread()");
    if (got == 0) return fail(ErrorKind::malformed, "is too small");
    have += static_cast<std::size_t>(got);
  }
  return {};
}

bool holds_key_mark(std::string_view bytes, const EntryHeader& header, std::size_t prefix) {
  const std::size_t mark_at = sizeof(EntryHeader) + header.vary_bytes;
  return bytes.substr(mark_at, key_mark.size()) == key_mark &&
         bytes[prefix - header.head_bytes - 1] == '\n';
}

}  // namespace

FileIdentity identity_of(const struct stat& status) {
  return {status.st_dev, status.st_ino,
          status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec,
          static_cast<std::uint64_t>(status.st_size)};
}

std::uint64_t disk_bytes_of(const struct stat& status) {
  constexpr std::uint64_t block_bytes = 4096;
  return (static_cast<std::uint64_t>(status.st_size) + block_bytes - 1) / block_bytes * block_bytes;
}

Entry::Entry(std::string path, std::string bytes, bool body_too, const FileIdentity& file,
             std::uint64_t disk_bytes)
    : path_(std::move(path)),
      bytes_(std::move(bytes)),
      body_too_(body_too),
      file_(file),
      disk_bytes_(disk_bytes) {
  BATON_ASSERT(bytes_.size() >= sizeof(EntryHeader));
  std::memcpy(&header_, bytes_.data(), sizeof header_);
}

bool Entry::is_current(runtime::Fd& file) const {
  struct stat status{};
  if (body_too_) return ::stat(path_.c_str(), &status) == 0 && identity_of(status) == file_;
  file = runtime::Fd(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  return file && ::fstat(file.get(), &status) == 0 && identity_of(status) == file_;
}

Result<OpenEntry> open_entry(const std::string& path) {
  // Not blocking: whatever lies there under this name must not stop the thread.
  runtime::Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) return fail_errno(errno, "open()");
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, "fstat()");
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::malformed, "is not a regular file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const bool small = size <= small_entry_bytes;
  std::string bytes;
  const auto first = static_cast<std::size_t>(small ? size : first_read_bytes);
  if (const Status read = read_up_to(file.get(), bytes, first); !read) {
    return std::unexpected(read.error());
  }
  const std::size_t prefix = prefix_bytes(bytes);
  if (prefix == 0) return fail(ErrorKind::malformed, "has another format");
  if (prefix > size) return fail(ErrorKind::malformed, "is too small");
  if (!small) {
    const Status read = read_up_to(file.get(), bytes, std::max(prefix, bytes.size()));
    if (!read) return std::unexpected(read.error());
    bytes.resize(prefix);
    bytes.shrink_to_fit();
  }
  EntryHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (!holds_key_mark(bytes, header, prefix)) return fail(ErrorKind::malformed, "is damaged");
  if (header.body_bytes != size - prefix) return fail(ErrorKind::malformed, "is too small");
  OpenEntry opened;
  opened.entry = std::make_shared<const Entry>(path, std::move(bytes), small, identity_of(status),
                                               disk_bytes_of(status));
  if (!small) opened.file = std::move(file);
  return opened;
}

std::string entry_prefix(EntryHeader& header, std::string_view vary, std::string_view key,
                         std::string_view head) {
  header.vary_bytes = static_cast<std::uint32_t>(vary.size());
  header.key_bytes = static_cast<std::uint32_t>(key.size());
  header.head_bytes = static_cast<std::uint32_t>(head.size());
  std::string bytes(sizeof(EntryHeader), '\0');
  bytes.reserve(bytes.size() + vary.size() + key_mark.size() + key.size() + 1 + head.size());
  std::memcpy(bytes.data(), &header, sizeof header);
  bytes.append(vary).append(key_mark).append(key).append("\n").append(head);
  return bytes;
}

Status rewrite_times(const std::string& path, const Entry& entry, Seconds valid_until,
                     Seconds updating_seconds, Seconds error_seconds) {
  runtime::Fd file(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!file) return fail_errno(errno, "open()");
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, "fstat()");
  if (identity_of(status) != entry.file()) {
    return fail(ErrorKind::closed, "was replaced meanwhile");
  }
  const std::array<Seconds, 3> times = {valid_until, updating_seconds, error_seconds};
  static_assert(offsetof(EntryHeader, error_seconds) - offsetof(EntryHeader, valid_until) ==
                2 * sizeof(Seconds));
  const ssize_t written = ::pwrite(file.get(), times.data(), sizeof times,
                                   static_cast<off_t>(offsetof(EntryHeader, valid_until)));
  if (written < 0) return fail_errno(errno, "pwrite()");
  return {};
}

}  // namespace baton::cache
