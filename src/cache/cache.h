// One zone of proxy_cache, as the threads of a proxy process use it: look_up() for a request, then
// either the entry that it gives is served, or the response is fetched and written by a Fill.
//
// A Lookup stands for one request's way through the cache. It follows nginx's states:
//
//   hit       a fresh entry
//   stale     an expired entry, and it is this request's task to renew it
//   updating  an expired entry that somebody else is renewing
//   miss      nothing there: fetch and store
//   scarce    nothing there: fetch, but do not store (too few uses, or no room in the zone)
//   error     a status is remembered instead of a response
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "cache/entry.h"
#include "cache/index.h"
#include "config/model/cache.h"
#include "http/header_table.h"

namespace baton::cache {

// The calendar's time in whole seconds, which is what validity is counted in.
Seconds seconds_of(WallTime time);

enum class Outcome : std::uint8_t { hit, stale, updating, miss, scarce, error };

class Cache;

class Lookup {
 public:
  // `key_text` must live as long as the lookup.
  Lookup(Cache& cache, std::string_view key_text);

  struct Terms {
    std::uint32_t min_uses = 1;
    Instant now{};
    Seconds wall_now = 0;
  };
  // May be called again after a wait for the lock, or a second time for a request that was passed
  // by the cache at first. `request`: the client's headers, for Vary.
  Outcome find(const http::HeaderTable& request, const Terms& terms);

  // After hit, stale and updating: what to serve. The file is open unless the body is in memory.
  [[nodiscard]] const std::shared_ptr<const Entry>& entry() const { return opened_.entry; }
  runtime::Fd take_file() { return std::move(opened_.file); }
  // After stale and updating: the entry's own word on how it may be used.
  [[nodiscard]] bool usable_while_updating(Seconds now) const;
  [[nodiscard]] bool usable_on_error(Seconds now) const;
  // After error.
  [[nodiscard]] std::uint16_t error_status() const { return error_status_; }

  // proxy_cache_lock: see Index::lock and Index::await_update. Only after miss.
  std::optional<Instant> lock(Instant now, Duration age);
  void await_update(UpdateWaiter& waiter);
  void forget(UpdateWaiter& waiter);

  // The response is to be a status that is remembered until `until`.
  void remember_error(std::uint16_t status, Seconds until);
  // The entry was found to be still good: it gets new times. False when that failed.
  bool renew(Seconds valid_until, Seconds updating_seconds, Seconds error_seconds);
  // Nothing will come of it (any more): others may try.
  void release() { hold_.release(); }

  [[nodiscard]] Cache& cache() const { return cache_; }
  [[nodiscard]] std::string_view key_text() const { return key_text_; }
  // What was wrong with a file, for the error log; empty when nothing was.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] LogLevel problem_level() const { return problem_level_; }

 private:
  friend class Fill;
  enum class Step : std::uint8_t { found, absent, other_variant };
  Step open(const http::HeaderTable& request);
  bool take_hot(const Terms& terms);
  Step check(const http::HeaderTable& request);
  bool hold_key(const Key& key, const Terms& terms);
  void complain(LogLevel level, std::string_view what);
  // The key that a response with this variant belongs under.
  void settle_key(const Key& variant, bool varies);

  Cache& cache_;
  std::string_view key_text_;
  Key main_;
  Key key_;                 // main_, or that of a variant
  bool secondary_ = false;  // key_ is that of a variant
  Index::Hold hold_;
  OpenEntry opened_;
  std::uint16_t error_status_ = 0;
  std::string problem_;
  LogLevel problem_level_ = LogLevel::critical;
};

class Cache {
 public:
  explicit Cache(const config::CacheZone& zone);

  [[nodiscard]] const config::CacheZone& zone() const { return zone_; }
  [[nodiscard]] Index& index() { return index_; }
  [[nodiscard]] std::string path_of(const Key& key) const {
    return entry_path(zone_.path, zone_.levels, key);
  }
  void remove_file(const Key& key) const;
  // Whether entries have to go for others (max_size).
  [[nodiscard]] bool over_size() const {
    return index_.size_bytes() >= static_cast<std::int64_t>(zone_.max_size_bytes);
  }
  // Called (from any thread) when a new entry made the zone too large.
  void set_on_over_size(std::function<void()> action) { on_over_size_ = std::move(action); }
  void note_stored() const {
    if (over_size() && on_over_size_) on_over_size_();
  }

 private:
  const config::CacheZone& zone_;
  Index index_;
  std::function<void()> on_over_size_;
};

}  // namespace baton::cache
