// Loading and removing.

#include "cache/keeper.h"

#include <dirent.h>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cache/temporary_name.h"
#include "runtime/loop.h"

namespace baton::cache {

namespace {

constexpr Duration idle_pause = 10s;

// A temporary file that nobody has written to for so long has been given up.
constexpr Duration abandoned_after = 1h;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

bool is_hex(std::string_view name) {
  return std::ranges::all_of(
      name, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

// Counts what was done since the last pause.
class Keeper::Pace {
 public:
  Pace(Keeper& keeper, std::uint32_t files, Duration threshold, Duration pause)
      : keeper_(keeper),
        files_(files),
        threshold_(threshold),
        pause_(pause),
        since_(runtime::monotonic_now()) {}
  // One more file. False when the keeper is to stop.
  bool step() {
    if (++done_ < files_ && runtime::monotonic_now() - since_ < threshold_) {
      return !keeper_.stopping();
    }
    const bool goes_on = keeper_.sleep(pause_);
    done_ = 0;
    since_ = runtime::monotonic_now();
    return goes_on;
  }

 private:
  Keeper& keeper_;
  std::uint32_t files_;
  Duration threshold_;
  Duration pause_;
  std::uint32_t done_ = 0;
  Instant since_;
};

Keeper::Keeper(std::vector<Cache*> caches, LogLine log)
    : caches_(std::move(caches)), log_(std::move(log)) {}

void Keeper::start() {
  // Signals are for the threads that expect them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  for (Cache* cache : caches_) cache->set_on_over_size([this] { wake(); });
}

void Keeper::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Keeper::wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

bool Keeper::stopping() {
  const std::scoped_lock lock(mutex_);
  return stopping_;
}

bool Keeper::sleep(Duration duration) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, duration, [this] { return stopping_; });
  return !stopping_;
}

void Keeper::run() {
  for (Cache* cache : caches_) load(*cache);
  while (!stopping()) {
    Instant next = runtime::monotonic_now() + idle_pause;
    for (Cache* cache : caches_) {
      remove_superfluous(*cache);
      next = std::min(next, cache->index().next_inactive());
    }
    std::unique_lock lock(mutex_);
    const Duration pause = std::max<Duration>(next - runtime::monotonic_now(), 10ms);
    changed_.wait_for(lock, pause, [this] { return stopping_ || woken_; });
    woken_ = false;
  }
}

void Keeper::load(Cache& cache) {
  const config::CacheZone& zone = cache.zone();
  Pace pace(*this, zone.loader_files, zone.loader_threshold, zone.loader_sleep);
  load_folder(cache, zone.path, 0, pace);
}

// Looks through a folder: the last level has entries, those above have folders with hexadecimal
// names of the level's length. Everything else is somebody else's.
void Keeper::load_folder(Cache& cache, const std::string& folder, std::size_t level, Pace& pace) {
  const Levels& levels = cache.zone().levels;
  const bool last = level == levels.size() || levels[level] == 0;
  const Folder opened(::opendir(folder.c_str()));
  if (!opened) {
    if (errno == ENOENT) return;
    log_(LogLevel::critical,
         fmt::format("opendir() \"{}\" failed ({}: {})", folder, errno, std::strerror(errno)));
    return;
  }
  while (const dirent* found = ::readdir(opened.get())) {
    const std::string_view name = found->d_name;
    if (last) {
      if (name.size() < key_digits) continue;
      look_at(cache, folder, name);
      if (!pace.step()) return;
    } else if (name.size() == levels[level] && is_hex(name)) {
      load_folder(cache, fmt::format("{}/{}", folder, name), level + 1, pace);
      if (stopping()) return;
    }
  }
}

void Keeper::look_at(Cache& cache, const std::string& folder, std::string_view name) {
  const std::string path = fmt::format("{}/{}", folder, name);
  const auto key = key_of_name(name);
  struct stat status{};
  if (key) {
    if (cache.path_of(*key) != path) return;
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    cache.index().add_found(*key, disk_bytes_of(status), runtime::monotonic_now());
    return;
  }
  const auto maker = maker_of(name);
  if (!maker || *maker == ::getpid()) return;
  if (::lstat(path.c_str(), &status) != 0) return;
  const Duration age = runtime::wall_now() - WallTime(std::chrono::seconds(status.st_mtim.tv_sec));
  const bool maker_gone = ::kill(*maker, 0) != 0 && errno == ESRCH;
  if (maker_gone || age > abandoned_after) ::unlink(path.c_str());
}

bool Keeper::too_large(const Cache& cache) const {
  if (cache.over_size()) return true;
  const config::CacheZone& zone = cache.zone();
  if (zone.min_free_bytes == 0) return false;
  struct statvfs disk{};
  if (::statvfs(zone.path.c_str(), &disk) != 0) return false;
  return std::uint64_t{disk.f_bavail} * disk.f_frsize < zone.min_free_bytes;
}

void Keeper::remove_superfluous(Cache& cache) {
  const config::CacheZone& zone = cache.zone();
  Pace pace(*this, zone.manager_files, zone.manager_threshold, zone.manager_sleep);
  bool goes_on = true;
  while (goes_on) {
    auto key = cache.index().take_inactive(runtime::monotonic_now());
    if (!key && too_large(cache)) key = cache.index().take_oldest();
    if (!key) return;
    cache.remove_file(*key);
    goes_on = pace.step();
  }
}

Caches::Caches(const config::Proxy& config) {
  for (const auto& zone : config.cache_zones) caches_.push_back(std::make_unique<Cache>(*zone));
}

Cache* Caches::find(std::string_view name) {
  for (const auto& cache : caches_) {
    if (cache->zone().name == name) return cache.get();
  }
  return nullptr;
}

void Caches::start(Keeper::LogLine log) {
  if (caches_.empty()) return;
  std::vector<Cache*> all;
  for (const auto& cache : caches_) all.push_back(cache.get());
  keeper_ = std::make_unique<Keeper>(std::move(all), std::move(log));
  keeper_->start();
}

void Caches::stop() {
  if (keeper_) keeper_->stop();
}

}  // namespace baton::cache
