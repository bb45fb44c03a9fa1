// SipHash-2-4 with 128 bits of result (Aumasson and Bernstein): a hash that nobody without the
// secret can aim, for tables whose keys the world chooses. With 128 bits two keys do not meet, so a
// table may keep the hash instead of the key.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace baton {

struct KeyHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const KeyHash&, const KeyHash&) = default;
};

using HashSecret = std::array<std::uint64_t, 2>;

KeyHash keyed_hash(const HashSecret& secret, std::string_view text);

// A secret from the kernel.
HashSecret make_hash_secret();

}  // namespace baton
