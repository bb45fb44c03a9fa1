// Finding entries.

#include "cache/cache.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace baton::cache {

namespace {

// nginx counts some 8,000 keys to a megabyte of keys_zone.
constexpr std::uint64_t bytes_per_key = 128;

// One entry may fill a shard of the memory for hot entries in the smallest of zones.
constexpr std::uint64_t hot_bytes_min = 16 * 2 * small_entry_bytes;

}  // namespace

Seconds seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

Cache::Cache(const config::CacheZone& zone)
    : zone_(zone),
      index_(zone.keys_bytes / bytes_per_key, std::max(zone.keys_bytes, hot_bytes_min),
             zone.inactive) {}

void Cache::remove_file(const Key& key) const {
  // Gone already is as good: another generation, or a purging script, was faster.
  ::unlink(path_of(key).c_str());
}

Lookup::Lookup(Cache& cache, std::string_view key_text)
    : cache_(cache), key_text_(key_text), main_(md5(key_text)), key_(main_) {}

void Lookup::complain(LogLevel level, std::string_view what) {
  problem_level_ = level;
  problem_ = fmt::format("cache file \"{}\" {}", cache_.path_of(key_), what);
}

// The entry in memory, if its file is still the one that it was read from.
bool Lookup::take_hot(const Terms& terms) {
  auto entry = cache_.index().use_hot(key_, terms.now);
  if (!entry) return false;
  if (!entry->is_current(opened_.file)) {
    cache_.index().drop_hot(key_);
    opened_ = {};
    return false;
  }
  opened_.entry = std::move(entry);
  return true;
}

// Whether what was opened answers this very request.
Lookup::Step Lookup::check(const http::HeaderTable& request) {
  const Entry& entry = *opened_.entry;
  if (entry.key() != key_text_) {
    complain(LogLevel::critical, "has md5 collision");
    return Step::absent;
  }
  if (entry.vary().empty()) return Step::found;
  const Key variant = variant_key(main_, entry.vary(), request);
  if (variant == entry.header().variant) return Step::found;
  if (secondary_) {
    complain(LogLevel::critical, "has incorrect vary hash");
    return Step::absent;
  }
  key_ = variant;
  return Step::other_variant;
}

Lookup::Step Lookup::open(const http::HeaderTable& request) {
  auto opened = open_entry(cache_.path_of(key_));
  if (!opened) {
    if (opened.error().kind == ErrorKind::malformed) {
      complain(LogLevel::info, opened.error().detail);
    } else if (opened.error().errno_value != ENOENT && opened.error().errno_value != ENOTDIR) {
      complain(LogLevel::critical, describe(opened.error()));
    }
    cache_.index().file_missing(hold_);
    return Step::absent;
  }
  opened_ = std::move(*opened);
  cache_.index().file_found(hold_, opened_.entry->disk_bytes());
  cache_.index().keep_hot(hold_, opened_.entry);
  return check(request);
}

Outcome Lookup::find(const http::HeaderTable& request, const Terms& terms) {
  Step step = Step::other_variant;
  bool scarce = false;
  while (step == Step::other_variant) {
    hold_.release();
    opened_ = {};
    if (take_hot(terms)) {
      step = check(request);
      if (step == Step::found) break;
      if (step == Step::other_variant) {
        secondary_ = true;
        continue;
      }
    }
    std::optional<Key> removed;
    const Index::Seen seen =
        cache_.index().use(key_, hold_, {terms.now, terms.wall_now, terms.min_uses}, removed);
    if (removed) cache_.remove_file(*removed);
    if (seen.full) return Outcome::scarce;
    if (seen.error != 0) {
      error_status_ = seen.error;
      return Outcome::error;
    }
    scarce = seen.uses < terms.min_uses;
    // What is not known may still be there: from an earlier run, or another generation's.
    step = seen.is_new || seen.exists ? open(request) : Step::absent;
    if (step == Step::other_variant) secondary_ = true;
  }
  if (step == Step::absent) {
    opened_ = {};
    return scarce ? Outcome::scarce : Outcome::miss;
  }
  if (opened_.entry->header().valid_until >= terms.wall_now) {
    hold_.release();
    return Outcome::hit;
  }
  if (!hold_ && !hold_key(key_, terms)) return Outcome::miss;
  return cache_.index().begin_update(hold_) ? Outcome::stale : Outcome::updating;
}

// Takes hold without counting a further use. The node may have gone since it was used: then it is
// made anew.
bool Lookup::hold_key(const Key& key, const Terms& terms) {
  if (cache_.index().hold(key, hold_)) return true;
  std::optional<Key> removed;
  const Index::Seen seen =
      cache_.index().use(key, hold_, {terms.now, terms.wall_now, terms.min_uses}, removed);
  if (removed) cache_.remove_file(*removed);
  return !seen.full;
}

bool Lookup::usable_while_updating(Seconds now) const {
  const EntryHeader& header = opened_.entry->header();
  return header.valid_until + header.updating_seconds >= now;
}

bool Lookup::usable_on_error(Seconds now) const {
  const EntryHeader& header = opened_.entry->header();
  return header.valid_until + header.error_seconds >= now;
}

std::optional<Instant> Lookup::lock(Instant now, Duration age) {
  if (!hold_) return std::nullopt;
  return cache_.index().lock(hold_, now, age);
}

void Lookup::await_update(UpdateWaiter& waiter) {
  cache_.index().await_update(hold_, waiter);
}

void Lookup::forget(UpdateWaiter& waiter) {
  cache_.index().forget(hold_, waiter);
}

void Lookup::remember_error(std::uint16_t status, Seconds until) {
  if (hold_) cache_.index().remember_error(hold_, status, until);
}

bool Lookup::renew(Seconds valid_until, Seconds updating_seconds, Seconds error_seconds) {
  const Status written = rewrite_times(cache_.path_of(key_), *opened_.entry, valid_until,
                                       updating_seconds, error_seconds);
  cache_.index().drop_hot(key_);
  if (!written) complain(LogLevel::critical, describe(written.error()));
  hold_.release();
  return written.has_value();
}

// A response whose variant is another one than was looked for belongs under the main key. One that
// was fetched past the cache (proxy_cache_bypass) belongs under the main key or its variant's,
// whichever is there.
void Lookup::settle_key(const Key& variant, bool varies) {
  if (secondary_ && !(varies && variant == key_)) {
    hold_.release();
    secondary_ = false;
    key_ = main_;
  }
  if (!hold_) hold_key(key_, {});
}

}  // namespace baton::cache
