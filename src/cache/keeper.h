// What goes on in the background of all zones, in a thread of its own because it waits for disks:
// finding the entries of earlier runs, in small steps (nginx's cache loader), and removing those
// that nobody asked for in the time of `inactive` or that are too many for max_size or min_free
// (nginx's cache manager).
//
// Files that are not of our names are left alone. Of two generations that use one folder during a
// reload, only the newer one removes anything: the older one's keeper is stopped when it drains.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "cache/cache.h"
#include "config/model/proxy.h"

namespace baton::cache {

class Keeper {
 public:
  using LogLine = std::function<void(LogLevel level, std::string_view line)>;
  // `log` is called from the keeper's thread. The caches outlive the keeper.
  Keeper(std::vector<Cache*> caches, LogLine log);
  ~Keeper() { stop(); }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  void start();
  // Returns when the thread has ended; from any other thread, any number of times.
  void stop();
  // There is something to remove now.
  void wake();

 private:
  class Pace;
  void run();
  void load(Cache& cache);
  void load_folder(Cache& cache, const std::string& folder, std::size_t level, Pace& pace);
  void look_at(Cache& cache, const std::string& folder, std::string_view name);
  void remove_superfluous(Cache& cache);
  [[nodiscard]] bool too_large(const Cache& cache) const;
  // False when the keeper is to stop.
  bool sleep(Duration duration);
  [[nodiscard]] bool stopping();

  std::vector<Cache*> caches_;
  LogLine log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool woken_ = false;
  std::thread thread_;
};

// All zones of a configuration, by their index.
class Caches {
 public:
  explicit Caches(const config::Proxy& config);
  [[nodiscard]] bool empty() const { return caches_.empty(); }
  [[nodiscard]] Cache& operator[](std::uint32_t zone) { return *caches_[zone]; }
  // Null when there is no such zone.
  [[nodiscard]] Cache* find(std::string_view name);
  // Begins the work in the background; nothing without zones.
  void start(Keeper::LogLine log);
  void stop();

 private:
  std::vector<std::unique_ptr<Cache>> caches_;
  std::unique_ptr<Keeper> keeper_;
};

}  // namespace baton::cache
