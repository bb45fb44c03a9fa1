// For tests: a zone in a folder of its own that goes with the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "cache/cache.h"
#include "cache/fill.h"

namespace baton::cache {

class CacheFixture : public testing::Test {
 protected:
  static constexpr Seconds wall = 1'800'000'000;
  static constexpr std::string_view head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";

  CacheFixture() {
    std::string pattern = testing::TempDir() + "baton-cache-XXXXXX";
    root = ::mkdtemp(pattern.data());
    zone.name = "z";
    zone.path = root + "/cache";
    zone.levels = {1, 2, 0};
    zone.keys_bytes = 1 << 20;
    std::filesystem::create_directory(zone.path);
    restart();
  }
  ~CacheFixture() override {
    cache.reset();
    std::filesystem::remove_all(root);
  }

  // Everything in memory is forgotten.
  void restart() { cache = std::make_unique<Cache>(zone); }

  Lookup::Terms terms(Seconds later = 0, std::uint32_t min_uses = 1) {
    return {min_uses, Instant(std::chrono::seconds(1000 + later)), wall + later};
  }
  Outcome find(Lookup& lookup, Seconds later = 0) { return lookup.find(request, terms(later)); }
  Outcome ask(std::string_view key, Seconds later = 0, std::uint32_t min_uses = 1) {
    Lookup lookup(*cache, key);
    return lookup.find(request, terms(later, min_uses));
  }
  // Stores a response as a request for `key` would.
  bool store(std::string_view key, std::string_view body, Seconds valid = 60,
             std::string_view vary = {}) {
    Lookup lookup(*cache, key);
    find(lookup);
    Fill fill(lookup, request, {head, vary, wall + valid, 0, 0});
    return fill.write(body) && fill.commit();
  }
  [[nodiscard]] std::string path(std::string_view key) const { return cache->path_of(md5(key)); }
  [[nodiscard]] std::size_t files() const {
    std::size_t count = 0;
    for (const auto& each : std::filesystem::recursive_directory_iterator(zone.path)) {
      count += each.is_regular_file() ? 1 : 0;
    }
    return count;
  }
  static void write_file(const std::string& where, std::string_view text) {
    std::filesystem::create_directories(std::filesystem::path(where).parent_path());
    std::ofstream(where, std::ios::binary) << text;
  }
  void accept_encoding(std::string_view value) {
    request.clear();
    request.add("Accept-Encoding", value, http::HeaderId::accept_encoding);
  }

  std::string root;
  config::CacheZone zone;
  std::unique_ptr<Cache> cache;
  http::HeaderTable request;
};

}  // namespace baton::cache
