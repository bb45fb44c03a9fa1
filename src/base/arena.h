// Text and small arrays that live exactly as long as one request: taken from a few blocks, never
// given back one by one, all gone with reset(), which keeps the first block for the next request.
#pragma once

#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

#include "base/assert.h"

namespace baton {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // `bytes` bytes without alignment, good until reset().
  char* take(std::size_t bytes) {
    if (bytes > left_) grow(bytes);
    char* const result = next_;
    next_ += bytes;
    left_ -= bytes;
    used_ += bytes;
    return result;
  }
  // A copy of `text` that lives until reset().
  std::string_view store(std::string_view text) {
    if (text.empty()) return {};
    char* const copy = take(text.size());
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
  }
  // All parts in a row.
  std::string_view join(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    char* const start = take(size);
    char* end = start;
    for (const std::string_view part : parts) {
      if (part.empty()) continue;
      std::memcpy(end, part.data(), part.size());
      end += part.size();
    }
    return {start, size};
  }
  void reset() {
    if (blocks_.size() > 1) blocks_.resize(1);
    next_ = blocks_.empty() ? nullptr : blocks_[0].get();
    left_ = blocks_.empty() ? 0 : block_bytes;
    used_ = 0;
  }
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  static constexpr std::size_t block_bytes = 2048;

  void grow(std::size_t bytes) {
    // The first block always has the usual size, so that reset() may assume it.
    const bool usual = bytes <= block_bytes;
    if (blocks_.empty() && !usual) blocks_.push_back(std::make_unique<char[]>(block_bytes));
    left_ = usual ? block_bytes : bytes;
    blocks_.push_back(std::make_unique<char[]>(left_));
    next_ = blocks_.back().get();
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t used_ = 0;
};

}  // namespace baton
