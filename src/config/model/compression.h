// gzip, gunzip and gzip_static: which bodies are compressed, and how.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/model/mime_set.h"

namespace baton::config {

// gzip_proxied: which responses to requests that came through a proxy (Via) are compressed.
enum GzipProxied : std::uint16_t {
  gzip_proxied_expired = 1,
  gzip_proxied_no_cache = 2,
  gzip_proxied_no_store = 4,
  gzip_proxied_private = 8,
  gzip_proxied_no_last_modified = 16,
  gzip_proxied_no_etag = 32,
  gzip_proxied_auth = 64,
  gzip_proxied_any = 128,
};

struct CompressionSettings {
  bool gzip = false;
  bool vary = false;  // gzip_vary: tell caches that Accept-Encoding mattered
  MimeSet types{false, {"text/html"}};
  std::uint64_t min_length_bytes = 20;  // where the length is known
  std::uint8_t level = 1;               // 1 to 9
  std::uint8_t window_bits = 15;        // gzip_window: 9 (512 bytes) to 15 (32 KB)
  std::uint8_t memory_level = 8;        // gzip_hash: 1 (512 bytes) to 9 (128 KB)
  std::uint8_t http_minor = 1;          // gzip_http_version: the oldest HTTP/1.x
  std::uint16_t proxied = 0;            // GzipProxied; 0: off
  bool disable_msie6 = false;
  std::vector<std::string> disable_patterns;  // gzip_disable: of User-Agent, in any case
  bool gunzip = false;
  enum class Static : std::uint8_t { off, on, always } gzip_static = Static::off;
};

}  // namespace baton::config
