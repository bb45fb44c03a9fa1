// One request's search for a server: what it brings for the balancer to choose by, and what it has
// tried. Lives as long as the request may be passed on; costs nothing that a group does not use.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "upstream/hashing.h"
#include "upstream/smooth_turns.h"

namespace baton::upstream {

// The servers that one request has tried. Costs nothing until the first is added.
class Tried {
 public:
  void add(std::uint32_t peer) {
    if (peer / 64 >= bits_.size()) bits_.resize(peer / 64 + 1);
    bits_[peer / 64] |= std::uint64_t{1} << peer % 64;
  }
  [[nodiscard]] bool contains(std::uint32_t peer) const {
    return peer / 64 < bits_.size() && (bits_[peer / 64] >> peer % 64 & 1) != 0;
  }
  [[nodiscard]] bool empty() const { return bits_.empty(); }
  void clear() { bits_.clear(); }

 private:
  std::vector<std::uint64_t> bits_;
};

struct Search {
  Tried tried;
  // `hash`: the key's value, good until the search ends. Empty: round robin.
  std::string_view key;
  // `ip_hash`: the bytes that count of the client's address (client_bytes()).
  std::span<const std::uint8_t> client;
  // `sticky`: the server that the request's session is bound to.
  std::uint32_t bound = no_peer;

  // How far hashing has come: a retry goes on from there.
  std::uint32_t hash = 0;
  std::uint32_t rehashes = 0;
  std::uint32_t hash_tries = 0;

  // Told back: a server that this search found stalled; no_peer if none.
  std::uint32_t found_stalled = no_peer;
};

}  // namespace baton::upstream
