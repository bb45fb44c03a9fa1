// The Internet checksum (RFC 1071).
#pragma once

#include <cstdint>
#include <span>

namespace baton::net {

// Sums pieces in order; every piece but the last must have an even length.
class InternetChecksum {
 public:
  InternetChecksum& add(std::span<const std::uint8_t> bytes) {
    for (std::size_t i = 0; i < bytes.size(); i += 2) {
      sum_ += static_cast<std::uint32_t>(bytes[i]) << 8;
      if (i + 1 < bytes.size()) sum_ += bytes[i + 1];
    }
    return *this;
  }
  // The one's complement of the sum: what goes into a packet, and 0 over a packet that holds it.
  [[nodiscard]] std::uint16_t value() const {
    std::uint64_t sum = sum_;
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
  }

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace baton::net
