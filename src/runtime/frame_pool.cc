// Free lists for coroutine frames.

#include "runtime/frame_pool.h"

#include <array>
#include <new>

namespace baton::runtime {

namespace {

constexpr std::size_t class_bytes = 64;
constexpr std::size_t classes = 64;    // frames up to 4 KiB are recycled
constexpr std::size_t kept_max = 512;  // per class

struct FreeFrame {
  FreeFrame* next;
};

class FramePool {
 public:
  ~FramePool() {
    for (auto& list : lists_) {
      while (list.first) ::operator delete(take(list));
    }
  }
  void* allocate(std::size_t size) {
    const std::size_t index = (size + class_bytes - 1) / class_bytes;
    if (index >= classes) return ::operator new(size);
    auto& list = lists_[index];
    return list.first ? take(list) : ::operator new(index * class_bytes);
  }
  void free(void* frame, std::size_t size) {
    const std::size_t index = (size + class_bytes - 1) / class_bytes;
    if (index >= classes || lists_[index].count >= kept_max) {
      ::operator delete(frame);
      return;
    }
    auto& list = lists_[index];
    list.first = new (frame) FreeFrame{list.first};
    ++list.count;
  }

 private:
  struct List {
    FreeFrame* first = nullptr;
    std::size_t count = 0;
  };
  static void* take(List& list) {
    FreeFrame* frame = list.first;
    list.first = frame->next;
    --list.count;
    return frame;
  }
  std::array<List, classes> lists_;
};

thread_local FramePool pool;

}  // namespace

void* allocate_frame(std::size_t size) {
  return pool.allocate(size);
}
void free_frame(void* frame, std::size_t size) {
  pool.free(frame, size);
}

}  // namespace baton::runtime
