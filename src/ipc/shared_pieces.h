// Pieces of memory that outlive a proxy generation, found by name: each a mapping of its own,
// shared and anonymous. As with the slots of the region (shared_region.h) only the supervisor adds
// and releases pieces, before it forks the generation that uses them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace baton::ipc {

class SharedPieces {
 public:
  SharedPieces() = default;
  SharedPieces(const SharedPieces&) = delete;
  SharedPieces& operator=(const SharedPieces&) = delete;
  ~SharedPieces();

  struct Piece {
    std::span<std::byte> memory;
    bool is_new = false;  // all zero
  };
  // The piece of `name`, which the name must tell the size of, too: another size is another piece.
  Result<Piece> find_or_add(const std::string& name, std::size_t size_bytes,
                            std::uint64_t generation);
  // Empty when there is none.
  [[nodiscard]] std::span<std::byte> find(std::string_view name) const;
  // Unmaps the pieces that no generation from `oldest` on has named.
  void release_older_than(std::uint64_t oldest);
  template <typename Visitor>
  void for_each(Visitor visit) {
    for (const auto& [name, entry] : entries_) visit(name, entry.memory);
  }

 private:
  struct Entry {
    std::span<std::byte> memory;
    std::uint64_t generation;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace baton::ipc
