// Reading and writing packets: a cursor over bytes in network order. A reader that runs past the
// end stays there, gives zeros and says so once asked; so a parser reads all fields straight on
// and checks once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace baton::net {

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  std::uint8_t u8() {
    if (position_ >= bytes_.size()) return past_end();
    return bytes_[position_++];
  }
  std::uint16_t u16() {
    const std::uint16_t high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  std::uint64_t u64() {
    const std::uint64_t high = u32();
    return high << 32 | u32();
  }
  // The next `count` bytes; empty, and not ok, when there are fewer.
  std::span<const std::uint8_t> take(std::size_t count) {
    if (left() < count) {
      past_end();
      return {};
    }
    position_ += count;
    return bytes_.subspan(position_ - count, count);
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - position_; }
  [[nodiscard]] std::size_t position() const { return position_; }
  // False once anything was read past the end.
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::uint8_t past_end() {
    ok_ = false;
    position_ = bytes_.size();
    return 0;
  }
  std::span<const std::uint8_t> bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

class ByteWriter {
 public:
  void u8(std::uint8_t value) { bytes_.push_back(value); }
  void u16(std::uint16_t value) {
    u8(static_cast<std::uint8_t>(value >> 8));
    u8(static_cast<std::uint8_t>(value));
  }
  void u32(std::uint32_t value) {
    u16(static_cast<std::uint16_t>(value >> 16));
    u16(static_cast<std::uint16_t>(value));
  }
  void u64(std::uint64_t value) {
    u32(static_cast<std::uint32_t>(value >> 32));
    u32(static_cast<std::uint32_t>(value));
  }
  void append(std::span<const std::uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  // Overwrites two bytes written before, for checksums and lengths.
  void set_u16(std::size_t position, std::uint16_t value) {
    bytes_.at(position) = static_cast<std::uint8_t>(value >> 8);
    bytes_.at(position + 1) = static_cast<std::uint8_t>(value);
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_; }
  std::vector<std::uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace baton::net
