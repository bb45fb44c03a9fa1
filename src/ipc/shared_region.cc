// Mapping the region and keeping the directory of names.

#include "ipc/shared_region.h"

#include <sys/mman.h>

#include <cerrno>
#include <new>

#include "base/assert.h"

namespace baton::ipc {

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

template <typename Slot>
SlotTable<Slot>::SlotTable(void* memory, std::uint32_t slots_max)
    : slots_(static_cast<Slot*>(memory)), slots_max_(slots_max) {}

template <typename Slot>
Result<Slot*> SlotTable<Slot>::find_or_add(std::string_view name, std::uint64_t generation) {
  if (auto found = directory_.find(name); found != directory_.end()) {
    found->second.generation = generation;
    return &slots_[found->second.index];
  }
  std::uint32_t index = 0;
  if (!released_.empty()) {
    index = released_.back();
    released_.pop_back();
  } else if (used_ < slots_max_) {
    index = used_++;
  } else {
    return fail(ErrorKind::unavailable, "the shared region has no room for more upstream servers");
  }
  directory_.emplace(std::string(name), Entry{index, generation});
  return new (&slots_[index]) Slot;
}

template <typename Slot>
Slot* SlotTable<Slot>::find(std::string_view name) const {
  const auto found = directory_.find(name);
  return found == directory_.end() ? nullptr : &slots_[found->second.index];
}

template <typename Slot>
void SlotTable<Slot>::release_older_than(std::uint64_t oldest) {
  std::erase_if(directory_, [&](const auto& item) {
    if (item.second.generation >= oldest) return false;
    released_.push_back(item.second.index);
    return true;
  });
}

template class SlotTable<GroupSlot>;
template class SlotTable<PeerSlot>;

Result<std::unique_ptr<SharedRegion>> SharedRegion::create(Limits limits) {
  const std::size_t size_bytes =
      limits.groups_max * sizeof(GroupSlot) + limits.peers_max * sizeof(PeerSlot);
  void* memory = ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return fail_errno(errno, "mmap of the shared region");
  return std::unique_ptr<SharedRegion>(new SharedRegion(memory, size_bytes, limits));
}

SharedRegion::SharedRegion(void* memory, std::size_t size_bytes, Limits limits)
    : memory_(memory),
      size_bytes_(size_bytes),
      groups_(memory, limits.groups_max),
      peers_(static_cast<char*>(memory) + limits.groups_max * sizeof(GroupSlot), limits.peers_max) {
}

SharedRegion::~SharedRegion() {
  ::munmap(memory_, size_bytes_);
}

void SharedRegion::clear_lane(std::uint32_t lane) {
  BATON_ASSERT(lane < lanes_max);
  peers_.for_each([&](const std::string&, PeerSlot& slot) {
    slot.active[lane].store(0, std::memory_order_relaxed);
    // Those that wait are not counted by lane: what nobody can be waiting for is forgotten.
    if (slot.active_total() <= 0) slot.waiting.store(0, std::memory_order_relaxed);
  });
}

void SharedRegion::release_older_than(std::uint64_t oldest) {
  groups_.release_older_than(oldest);
  peers_.release_older_than(oldest);
  pieces_.release_older_than(oldest);
}

}  // namespace baton::ipc
