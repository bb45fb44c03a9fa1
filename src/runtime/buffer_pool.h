// Big buffers of one size per pool, recycled per thread: a conversation takes one when bytes are
// there and gives it back when it idles, so an idle connection holds none.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace baton::runtime {

class BufferPool {
 public:
  // Keeps at most `kept_max` free buffers of `size_bytes`.
  BufferPool(std::size_t size_bytes, std::size_t kept_max)
      : size_bytes_(size_bytes), kept_max_(kept_max) {}

  class Buffer {
   public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), memory_(std::move(other.memory_)) {}
    Buffer& operator=(Buffer&& other) noexcept {
      std::swap(pool_, other.pool_);
      std::swap(memory_, other.memory_);
      return *this;
    }
    ~Buffer() { reset(); }
    explicit operator bool() const { return memory_ != nullptr; }
    [[nodiscard]] std::span<char> span() const {
      return {memory_.get(), pool_ ? pool_->size_bytes_ : 0};
    }
    void reset() {
      if (memory_) pool_->give_back(std::move(memory_));
      pool_ = nullptr;
    }

   private:
    friend class BufferPool;
    BufferPool* pool_ = nullptr;
    std::unique_ptr<char[]> memory_;
  };

  // The pool must outlive its buffers.
  Buffer take() {
    Buffer buffer;
    buffer.pool_ = this;
    if (free_.empty()) {
      buffer.memory_ = std::make_unique_for_overwrite<char[]>(size_bytes_);
    } else {
      buffer.memory_ = std::move(free_.back());
      free_.pop_back();
    }
    return buffer;
  }
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

 private:
  void give_back(std::unique_ptr<char[]> memory) {
    if (free_.size() < kept_max_) free_.push_back(std::move(memory));
  }
  std::size_t size_bytes_;
  std::size_t kept_max_;
  std::vector<std::unique_ptr<char[]>> free_;
};

}  // namespace baton::runtime
