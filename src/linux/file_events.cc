// inotify.

#include "linux/file_events.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/text.h"

namespace baton::linux {

namespace {

constexpr std::uint32_t file_changes =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF;

int parse_number(std::string_view text) {
  while (!text.empty() && (is_blank(text.front()) || text.front() == '\n')) text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
    value = std::min<std::int64_t>(value * 10 + (text.front() - '0'), INT_MAX);
  }
  return static_cast<int>(negative ? -value : value);
}

}  // namespace

Result<FileEvents> FileEvents::open() {
  runtime::Fd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd) return fail_errno(errno, "inotify");
  return FileEvents(std::move(fd));
}

Result<int> FileEvents::watch(const std::string& folder) {
  const int number = ::inotify_add_watch(watched_, folder.c_str(), file_changes | IN_ONLYDIR);
  if (number < 0) return fail_errno(errno, "watching a folder");
  return number;
}

void FileEvents::unwatch(int folder) {
  static_cast<void>(::inotify_rm_watch(watched_, folder));
}

void FileEvents::read(const std::function<void(int, std::string_view)>& visit) {
  alignas(inotify_event) char buffer[16384];
  for (;;) {
    const ssize_t size = ::read(watched_, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    for (ssize_t at = 0; at + static_cast<ssize_t>(sizeof(inotify_event)) <= size;) {
      inotify_event event;
      std::memcpy(&event, buffer + at, sizeof event);
      const char* name = buffer + at + sizeof event;
      at += static_cast<ssize_t>(sizeof event + event.len);
      visit(event.wd, event.len > 0 ? std::string_view(name) : std::string_view());
    }
  }
}

Result<int> read_number(const std::string& path) {
  // Without O_NONBLOCK the end of a pipe could keep us waiting.
  const runtime::Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) return fail_errno(errno, "open");
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, "fstat");
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::malformed, "not a regular file");
  char text[128];
  const ssize_t size = ::read(file.get(), text, sizeof text);
  if (size < 0) return fail_errno(errno, "read");
  return parse_number({text, static_cast<std::size_t>(size)});
}

Status write_number(const std::string& path, int number, bool overwrite) {
  // Whatever somebody may have put there: a pipe that nobody reads does not keep us waiting.
  const int mode = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const runtime::Fd file(::open(path.c_str(), mode | (overwrite ? O_TRUNC : O_EXCL), 0644));
  if (!file && errno == EEXIST && !overwrite) return {};
  if (!file) return fail_errno(errno, "open");
  const std::string text = std::to_string(number) + "\n";
  if (::write(file.get(), text.data(), text.size()) < 0) return fail_errno(errno, "write");
  return {};
}

}  // namespace baton::linux
