// Writing, reading and locking pid files.

#include "supervisor/pid_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/text.h"

namespace baton::supervisor {

namespace {

struct flock whole_file() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::optional<pid_t> parse_pid(std::string_view text) {
  const auto end = text.find('\n');
  const auto number = parse_unsigned(trimmed(text.substr(0, end)), INT32_MAX);
  if (!number || *number == 0) return std::nullopt;
  return static_cast<pid_t>(*number);
}

// True when `path` still leads to the file that `fd` has open: another instance may have removed
// and made it anew between our open and our lock.
bool is_same_file(const std::string& path, int fd) {
  struct stat by_path{};
  struct stat by_fd{};
  if (::stat(path.c_str(), &by_path) != 0 || ::fstat(fd, &by_fd) != 0) return false;
  return by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev;
}

}  // namespace

Result<PidLock> PidLock::acquire(const std::string& path) {
  constexpr int tries_max = 10;
  const std::string starting = path + ".starting";
  for (int i = 0; i < tries_max; ++i) {
    constexpr int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    runtime::Fd fd(::open(path.c_str(), flags));
    const bool is_there = static_cast<bool>(fd);
    if (!fd && errno == ENOENT) fd = runtime::Fd(::open(starting.c_str(), flags | O_CREAT, 0644));
    if (!fd) return fail_errno(errno, "open of the pid file");
    auto lock = whole_file();
    if (::fcntl(fd.get(), F_SETLK, &lock) != 0) {
      if (errno == EAGAIN || errno == EACCES)
        return fail(ErrorKind::unavailable, "already running");
      return fail_errno(errno, "lock of the pid file");
    }
    const std::string& locked = is_there ? path : starting;
    if (!is_same_file(locked, fd.get())) continue;
    // Another one has finished its start since.
    if (!is_there && ::access(path.c_str(), F_OK) == 0) continue;
    PidLock result;
    result.path_ = locked;
    result.final_path_ = path;
    result.fd_ = std::move(fd);
    result.ours_ = !is_there;
    return result;
  }
  return fail(ErrorKind::unavailable, "the pid file keeps being replaced");
}

PidLock& PidLock::operator=(PidLock&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(final_path_, other.final_path_);
  std::swap(fd_, other.fd_);
  std::swap(ours_, other.ours_);
  return *this;
}

PidLock::~PidLock() {
  if (fd_ && ours_ && is_same_file(path_, fd_.get())) ::unlink(path_.c_str());
}

Status PidLock::write(pid_t pid) {
  ours_ = true;
  const std::string text = fmt::format("{}\n", pid);
  if (::ftruncate(fd_.get(), 0) != 0 ||
      ::pwrite(fd_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return fail_errno(errno, "write of the pid file");
  }
  return path_ == final_path_ ? Status{} : rename(final_path_);
}

Status PidLock::rename(const std::string& path) {
  if (::rename(path_.c_str(), path.c_str()) != 0)
    return fail_errno(errno, "rename of the pid file");
  path_ = final_path_ = path;
  return {};
}

void PidLock::forget() {
  path_.clear();
  fd_.reset();
}

Status write_pid_file(const std::string& path, pid_t pid) {
  const std::string fresh = path + ".new";
  {
    runtime::Fd fd(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd) return fail_errno(errno, "open of the pid file");
    const std::string text = fmt::format("{}\n", pid);
    if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      return fail_errno(errno, "write of the pid file");
    }
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0)
    return fail_errno(errno, "rename of the pid file");
  return {};
}

void remove_pid_file(const std::string& path, pid_t pid) {
  if (read_pid_file(path) == pid) ::unlink(path.c_str());
}

std::optional<pid_t> read_pid_file(const std::string& path) {
  runtime::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::array<char, 32> text{};
  const ssize_t length = ::read(fd.get(), text.data(), text.size());
  if (length <= 0) return std::nullopt;
  return parse_pid({text.data(), static_cast<std::size_t>(length)});
}

std::optional<pid_t> lock_holder(const std::string& path) {
  runtime::Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return std::nullopt;
  auto lock = whole_file();
  if (::fcntl(fd.get(), F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return lock.l_pid;
}

}  // namespace baton::supervisor
