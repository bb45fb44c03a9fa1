// Byte ranges (RFC 9110 section 14.1.2), read as nginx reads them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace baton::http {

struct ByteRange {
  std::uint64_t first = 0;  // offset of the first byte
  std::uint64_t end = 0;    // offset behind the last byte
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

struct RangeRequest {
  enum class Kind : std::uint8_t {
    whole,          // no use of it: send everything (200)
    partial,        // `ranges` (206)
    unsatisfiable,  // 416
  } kind = Kind::whole;
  std::vector<ByteRange> ranges;  // in the order asked for, cut to the size
};

// `value` of a Range header against a representation of `size` bytes. More than `ranges_max`
// ranges, or ranges that together are longer than the whole, are answered with the whole.
RangeRequest parse_range(std::string_view value, std::uint64_t size, std::size_t ranges_max);

}  // namespace baton::http
