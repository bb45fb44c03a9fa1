// A table of small states by key in memory that threads and processes share: what limit_req and
// limit_conn know of each client, what sticky knows of each session. Its size is fixed; when it is
// full, the state that was used longest ago makes room, if the caller allows that.
//
// The table is cut into shards by the key's hash, each with a mutex, a hash index, and a list by
// age. A lock is held for some tens of nanoseconds. The mutexes are robust: when a process died
// with one in its hand, the next holder empties that shard, because nobody knows what was half
// done. So nothing outside a lock may point into the table: a state is looked up anew each time.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/keyed_hash.h"
#include "ipc/shared_region.h"

namespace baton::ipc {

struct alignas(64) KeyedState {
  KeyHash key;
  // Places in the shard's array, counted from 1; 0: none. `next` is of the hash chain, or of the
  // list of free states.
  std::uint32_t next = 0;
  std::uint32_t newer = 0;
  std::uint32_t older = 0;
  // What the owner of the table keeps.
  struct Requests {
    std::int64_t last_ms;
    std::uint64_t excess_milli;
  };
  struct Session {
    std::int64_t last_ms;
    std::uint64_t server_mark;
  };
  union {
    Requests requests{};
    Session session;
    std::uint32_t connections[lanes_max];  // open now, by the generation's lane
  };
};
static_assert(sizeof(KeyedState) == 64);

class KeyedStates {
 public:
  // Makes fresh memory (all zero) a table; at least `bytes_min` of it.
  static void lay_out(std::span<std::byte> memory);
  static constexpr std::size_t bytes_min = 4096;
  // `memory` has been laid out, by this process or one before it, and outlives this.
  explicit KeyedStates(std::span<std::byte> memory);

  [[nodiscard]] KeyHash hash(std::string_view key) const;
  // How many states there is room for.
  [[nodiscard]] std::size_t capacity() const;

  // The states of one shard, while it is locked.
  class Lock {
   public:
    Lock(KeyedStates& table, const KeyHash& key);
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock();

    // The state of the key, which counts as used now; null when there is none.
    KeyedState* find();
    // A fresh state for the key, which has none. When the shard is full the oldest one makes room,
    // or, without `evict`, it is null.
    KeyedState* add(bool evict);
    // Gives back the state that find() or add() gave.
    void remove(KeyedState& state);

   private:
    friend class KeyedStates;
    KeyedStates& table_;
    KeyHash key_;
    std::uint32_t shard_;
  };

  // Forgets the connections of a lane whose process has died. Takes each lock.
  void clear_lane(std::uint32_t lane);

 private:
  struct Header;
  struct Shard;
  [[nodiscard]] Shard& shard(std::uint32_t index) const;
  [[nodiscard]] std::uint32_t& bucket(std::uint32_t shard_index, const KeyHash& key) const;
  [[nodiscard]] KeyedState& state(std::uint32_t shard_index, std::uint32_t place) const;
  void acquire(std::uint32_t shard_index);
  void empty(std::uint32_t shard_index);
  void link_newest(std::uint32_t shard_index, std::uint32_t place);
  void unlink(std::uint32_t shard_index, std::uint32_t place);
  void take_out(std::uint32_t shard_index, std::uint32_t place);

  Header* header_;
  Shard* shards_;
  std::uint32_t* buckets_;
  KeyedState* states_;
};

}  // namespace baton::ipc
