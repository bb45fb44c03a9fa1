// The key of a cached response: the MD5 of its key text, which is also the name of its file, as in
// nginx: with levels=1:2, a key ending in ...c29c lies in c/29/<all 32 digits>. Scripts that purge
// by removing the file find it where they expect it.
//
// A response that varies (RFC 9110 section 12.5.5) has one file for the first client's variant,
// under the key itself, and one for each further variant, under a key made of the headers named in
// Vary. Keys may collide: the full text stands in the file and is compared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/md5.h"
#include "http/header_table.h"

namespace baton::cache {

using Key = Md5;

struct KeyHash {
  std::size_t operator()(const Key& key) const {
    std::size_t hash = 0;
    std::memcpy(&hash, key.data(), sizeof hash);
    return hash;
  }
};

// The key of the variant that `request` asks for, of the response whose key is `main` and whose
// Vary is `vary`. Blanks and the case of names make no difference.
Key variant_key(const Key& main, std::string_view vary, const http::HeaderTable& request);

using Levels = std::array<std::uint8_t, 3>;

// The path of an entry's file, below `root`.
std::string entry_path(std::string_view root, const Levels& levels, const Key& key);

inline constexpr std::size_t key_digits = 32;

// The key that `name` is the file name of; empty when it is none.
std::optional<Key> key_of_name(std::string_view name);

}  // namespace baton::cache
