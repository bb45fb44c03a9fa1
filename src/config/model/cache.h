// proxy_cache and its family: where responses are kept, which ones and for how long.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/model/template_text.h"
#include "config/source.h"

namespace baton::config {

// One proxy_cache_path: a folder of responses and the memory that knows what is in it.
struct CacheZone {
  std::string name;
  std::uint32_t index = 0;       // place in Proxy::cache_zones
  std::uint64_t keys_bytes = 0;  // keys_zone=name:SIZE; nginx counts 8,000 keys to the megabyte
  std::string path;              // absolute, without a slash at the end
  // Digits of each level of folders below the path; 0: no further level.
  std::array<std::uint8_t, 3> levels{};
  Duration inactive = 10min;
  std::uint64_t max_size_bytes = std::numeric_limits<std::int64_t>::max();
  std::uint64_t min_free_bytes = 0;
  // How much the one that removes entries, and the one that finds those of an earlier run, do
  // before they pause: so many files, or for so long.
  std::uint32_t manager_files = 100;
  Duration manager_sleep = 50ms;
  Duration manager_threshold = 200ms;
  std::uint32_t loader_files = 100;
  Duration loader_sleep = 50ms;
  Duration loader_threshold = 200ms;
  Position where;
};

// proxy_cache_valid: how long responses with a status are good, when they say nothing themselves.
struct CacheValid {
  std::uint16_t status = 0;  // 0: any
  Duration time = 0s;
};

// proxy_cache_use_stale, a bit each; the first ones have the values of config::NextUpstream.
enum UseStale : std::uint32_t { use_stale_updating = 1U << 20 };

// Headers of a response that are not to steer the cache (proxy_ignore_headers), a bit each.
enum CacheIgnores : std::uint8_t {
  ignore_x_accel_expires = 1,
  ignore_expires = 2,
  ignore_cache_control = 4,
  ignore_set_cookie = 8,
  ignore_vary = 16,
};

struct CacheSettings {
  // The zone, or a text that gives its name; neither: off.
  std::shared_ptr<const CacheZone> zone;
  std::optional<TemplateText> zone_name;
  std::optional<TemplateText> key;  // absent: the URL that is asked for upstream
  std::vector<CacheValid> valid;
  std::uint32_t methods = 0;  // beside GET and HEAD: bits by number of http::Method
  std::uint32_t min_uses = 1;
  std::vector<TemplateText> bypass;    // one that is neither empty nor "0": do not look
  std::vector<TemplateText> no_cache;  // ... do not store
  bool lock = false;
  Duration lock_timeout = 5s;
  Duration lock_age = 5s;
  std::uint32_t use_stale = 0;  // NextUpstream and UseStale
  bool background_update = false;
  bool revalidate = false;
  bool convert_head = true;
  // A range that starts behind this is asked for as it is, and not kept.
  std::uint64_t max_range_offset = std::numeric_limits<std::uint64_t>::max();
  std::uint8_t ignored_headers = 0;  // CacheIgnores

  [[nodiscard]] bool is_on() const { return zone != nullptr || zone_name.has_value(); }
};

}  // namespace baton::config
