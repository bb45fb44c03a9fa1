// The hashing balancers' way from a key to a server, equal to nginx's to the last server, so that a
// cache or session that lives on the servers is found again when baton takes nginx's place.
//
// ip_hash: three bytes of an IPv4 address or all of an IPv6 one, folded modulo 6271.
// hash: CRC-32 of the key as Cache::Memcached uses it, rehashed with a number before the key.
// hash consistent: 160 points a weight on a ring (ketama as Cache::Memcached::Fast has it).
// Numbers and rings are over all servers in file order, those that are out included: their keys
// move only as long as they are out.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace baton::upstream {

// CRC-32 (IEEE 802.3), to be chained: start with crc_start, end with crc_end().
inline constexpr std::uint32_t crc_start = 0xffffffff;
std::uint32_t crc_add(std::uint32_t crc, std::string_view bytes);
constexpr std::uint32_t crc_end(std::uint32_t crc) {
  return crc ^ 0xffffffff;
}

// The next value of ip_hash for an address; the first call is given ip_hash_start.
inline constexpr std::uint32_t ip_hash_start = 89;
std::uint32_t next_ip_hash(std::uint32_t previous, std::span<const std::uint8_t> address);

// What the `rehash`th try for `key` adds to its hash.
std::uint32_t key_hash(std::string_view key, std::uint32_t rehash);

// Servers by the share of their weights: number -> server, as if each stood `weight` times in a
// row.
class WeightedIndex {
 public:
  WeightedIndex() = default;
  explicit WeightedIndex(std::span<const std::uint32_t> weights);
  [[nodiscard]] std::uint64_t total() const { return ends_.empty() ? 0 : ends_.back(); }
  // `number` is below total().
  [[nodiscard]] std::uint32_t at(std::uint64_t number) const;

 private:
  std::vector<std::uint64_t> ends_;  // sums of weights
  std::uint64_t each_ = 0;           // all weights are this; 0: they differ
};

// The ring of consistent hashing. Servers of one name (a host with several addresses) share its
// points, so they are given with one number.
class HashRing {
 public:
  struct Named {
    std::string_view name;  // as in the configuration: "host:port", "host", "unix:/path"
    std::uint32_t weight = 1;
    std::uint32_t number = 0;  // what at() gives
  };
  HashRing() = default;
  explicit HashRing(std::span<const Named> servers);

  [[nodiscard]] std::size_t size() const { return points_.size(); }
  // Where the search for `key` begins.
  [[nodiscard]] std::size_t find(std::string_view key) const;
  // The number of the name that stands at `place`, taken modulo size().
  [[nodiscard]] std::uint32_t at(std::size_t place) const {
    return points_[place % points_.size()].number;
  }

 private:
  struct Point {
    std::uint32_t hash;
    std::uint32_t number;
    friend auto operator<=>(const Point&, const Point&) = default;
  };
  std::vector<Point> points_;
};

}  // namespace baton::upstream
