// Reading password files, working out hashes, remembering for a while.

#include "proxy/access/password_checker.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "proxy/access/password.h"
#include "runtime/fd.h"

namespace baton::proxy {

namespace {

// As many users fit as anybody has; more is no password file.
constexpr std::size_t file_bytes_max = std::size_t{64} << 20;
// File systems stamp changes with the kernel's clock, which ticks in milliseconds.
constexpr Duration stamp_grain = 100ms;

std::int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

Result<std::string> read_all(int descriptor) {
  std::string text;
  char buffer[16384];
  while (text.size() <= file_bytes_max) {
    const ssize_t got = ::read(descriptor, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read");
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return fail(ErrorKind::too_large, "read");
}

}  // namespace

PasswordFile parse_password_file(std::string_view text) {
  PasswordFile users;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    const std::string_view behind = line.substr(colon + 1);
    users.try_emplace(std::string(line.substr(0, colon)), behind.substr(0, behind.find(':')));
  }
  return users;
}

PasswordChecker::~PasswordChecker() {
  {
    const std::scoped_lock lock(jobs_mutex_);
    ending_ = true;
  }
  jobs_changed_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

Result<std::shared_ptr<const PasswordFile>> PasswordChecker::open(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return fail_errno(errno, "open()");
  const FileStamp stamp{status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
                        nanoseconds(status.st_ctim)};
  {
    const std::scoped_lock lock(files_mutex_);
    const auto known = files_.find(path);
    if (known != files_.end() && known->second.settled && known->second.stamp == stamp) {
      return known->second.users;
    }
  }
  const runtime::Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) return fail_errno(errno, "open()");
  const auto text = read_all(file.get());
  if (!text) return std::unexpected(text.error());
  const auto age = runtime::wall_now().time_since_epoch() - Duration(stamp.changed_ns);
  KnownFile read{stamp, age > stamp_grain,
                 std::make_shared<const PasswordFile>(parse_password_file(*text))};
  const auto users = read.users;
  const std::scoped_lock lock(files_mutex_);
  if (files_.size() >= files_max) files_.clear();
  files_.insert_or_assign(path, std::move(read));
  return users;
}

bool PasswordChecker::is_known(const KeyHash& credentials, Instant now) {
  const std::scoped_lock lock(known_mutex_);
  const auto found = known_.find(credentials);
  return found != known_.end() && now < found->second;
}

void PasswordChecker::remember(const KeyHash& credentials, Instant now) {
  const std::scoped_lock lock(known_mutex_);
  if (known_.size() >= known_max) {
    std::erase_if(known_, [now](const auto& item) { return item.second <= now; });
    if (known_.size() >= known_max) known_.clear();
  }
  known_.insert_or_assign(credentials, now + known_for);
}

bool PasswordChecker::enqueue(Job& job) {
  const std::scoped_lock lock(jobs_mutex_);
  if (jobs_.size() >= waiting_max) return false;
  if (helpers_.size() < helpers_max) helpers_.emplace_back([this] { help(); });
  jobs_.push_back(&job);
  jobs_changed_.notify_one();
  return true;
}

void PasswordChecker::help() {
  std::unique_lock lock(jobs_mutex_);
  while (true) {
    jobs_changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job& job = *jobs_.front();
    jobs_.pop_front();
    lock.unlock();
    job.fits = password_fits(job.stored, job.password);
    const std::coroutine_handle<> waiting = job.waiting;
    job.loop.post([waiting] { waiting.resume(); });
    lock.lock();
  }
}

runtime::Task<PasswordVerdict> PasswordChecker::check(runtime::Loop& loop,
                                                      const std::string& stored,
                                                      const std::string& password) {
  struct Helped {
    PasswordChecker& checker;
    Job& job;
    bool taken = true;
    bool await_ready() const { return false; }
    bool await_suspend(std::coroutine_handle<> handle) {
      job.waiting = handle;
      // Once it is in the queue another thread may go on with it: `this` is not touched any more.
      if (checker.enqueue(job)) return true;
      taken = false;
      return false;
    }
    bool await_resume() const { return taken; }
  };
  if (!is_slow_password_hash(stored)) {
    co_return password_fits(stored, password) ? PasswordVerdict::fits : PasswordVerdict::wrong;
  }
  std::string pair = stored;
  pair.append(1, '\0').append(password);
  const KeyHash credentials = keyed_hash(secret_, pair);
  if (is_known(credentials, loop.now())) co_return PasswordVerdict::fits;
  Job job{loop, stored, password, false, {}};
  Helped helped{*this, job};
  const bool taken = co_await helped;
  if (!taken) co_return PasswordVerdict::busy;
  if (!job.fits) co_return PasswordVerdict::wrong;
  remember(credentials, loop.now());
  co_return PasswordVerdict::fits;
}

}  // namespace baton::proxy
