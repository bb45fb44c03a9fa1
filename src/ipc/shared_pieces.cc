// Mapping and unmapping pieces.

#include "ipc/shared_pieces.h"

#include <sys/mman.h>

#include <cerrno>

namespace baton::ipc {

namespace {

void unmap(std::span<std::byte> memory) {
  ::munmap(memory.data(), memory.size());
}

}  // namespace

SharedPieces::~SharedPieces() {
  for (const auto& [name, entry] : entries_) unmap(entry.memory);
}

Result<SharedPieces::Piece> SharedPieces::find_or_add(const std::string& name,
                                                      std::size_t size_bytes,
                                                      std::uint64_t generation) {
  if (const auto found = entries_.find(name); found != entries_.end()) {
    found->second.generation = generation;
    return Piece{found->second.memory, false};
  }
  void* memory =
      ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail_errno(errno, "mmap of a shared memory zone");
  const std::span<std::byte> piece(static_cast<std::byte*>(memory), size_bytes);
  entries_.emplace(name, Entry{piece, generation});
  return Piece{piece, true};
}

std::span<std::byte> SharedPieces::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? std::span<std::byte>{} : found->second.memory;
}

void SharedPieces::release_older_than(std::uint64_t oldest) {
  std::erase_if(entries_, [&](const auto& item) {
    if (item.second.generation >= oldest) return false;
    unmap(item.second.memory);
    return true;
  });
}

}  // namespace baton::ipc
