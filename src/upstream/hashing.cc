// Checksums, and the tables that they are looked up in.

#include "upstream/hashing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"

namespace baton::upstream {

namespace {

constexpr std::uint32_t points_per_weight = 160;

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    table[byte] = crc;
  }
  return table;
}();

// A name's checksum, onto which the points of its server are chained: host, a zero byte, port. The
// port is what digits stand behind the last colon.
std::uint32_t crc_of_name(std::string_view name) {
  constexpr std::string_view unix_prefix = "unix:";
  std::string_view host = name;
  std::string_view port;
  if (equals_ignoring_case(name.substr(0, unix_prefix.size()), unix_prefix)) {
    host.remove_prefix(unix_prefix.size());
  } else {
    const std::size_t last = name.find_last_not_of("0123456789");
    if (last != std::string_view::npos && name[last] == ':') {
      host = name.substr(0, last);
      port = name.substr(last + 1);
    }
  }
  std::uint32_t crc = crc_add(crc_start, host);
  crc = crc_add(crc, std::string_view("", 1));
  return crc_add(crc, port);
}

}  // namespace

std::uint32_t crc_add(std::uint32_t crc, std::string_view bytes) {
  for (const char byte : bytes) {
    crc = crc_table[(crc ^ static_cast<std::uint8_t>(byte)) & 0xff] ^ crc >> 8;
  }
  return crc;
}

std::uint32_t next_ip_hash(std::uint32_t previous, std::span<const std::uint8_t> address) {
  for (const std::uint8_t byte : address) previous = (previous * 113 + byte) % 6271;
  return previous;
}

std::uint32_t key_hash(std::string_view key, std::uint32_t rehash) {
  std::uint32_t crc = crc_start;
  if (rehash > 0) {
    const fmt::format_int number(rehash);
    crc = crc_add(crc, {number.data(), number.size()});
  }
  return crc_end(crc_add(crc, key)) >> 16 & 0x7fff;
}

WeightedIndex::WeightedIndex(std::span<const std::uint32_t> weights) {
  ends_.reserve(weights.size());
  std::uint64_t sum = 0;
  for (const std::uint32_t weight : weights) ends_.push_back(sum += weight);
  const bool equal =
      std::ranges::all_of(weights, [&](std::uint32_t weight) { return weight == weights[0]; });
  if (equal && !weights.empty()) each_ = weights[0];
}

std::uint32_t WeightedIndex::at(std::uint64_t number) const {
  if (each_ != 0) return static_cast<std::uint32_t>(number / each_);
  return static_cast<std::uint32_t>(std::ranges::upper_bound(ends_, number) - ends_.begin());
}

HashRing::HashRing(std::span<const Named> servers) {
  std::uint64_t weight = 0;
  for (const Named& server : servers) weight += server.weight;
  points_.reserve(weight * points_per_weight);
  for (const Named& server : servers) {
    const std::uint32_t base = crc_of_name(server.name);
    std::uint32_t previous = 0;
    for (std::uint64_t i = 0; i < std::uint64_t{server.weight} * points_per_weight; ++i) {
      char bytes[4];  // least significant first
      for (int byte = 0; byte < 4; ++byte) bytes[byte] = static_cast<char>(previous >> 8 * byte);
      previous = crc_end(crc_add(base, {bytes, sizeof bytes}));
      points_.push_back({previous, server.number});
    }
  }
  // Where two servers have the same point, the first in the file has it.
  std::ranges::sort(points_);
  const auto rest = std::ranges::unique(points_, {}, &Point::hash);
  points_.erase(rest.begin(), rest.end());
}

std::size_t HashRing::find(std::string_view key) const {
  const std::uint32_t hash = crc_end(crc_add(crc_start, key));
  return static_cast<std::size_t>(std::ranges::lower_bound(points_, hash, {}, &Point::hash) -
                                  points_.begin());
}

}  // namespace baton::upstream
