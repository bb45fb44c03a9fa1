// What is known of the entries of one zone, in memory: which files are there, when each was last
// asked for, which are being fetched right now and who waits for that. Shared by all threads of the
// process. A request locks one of a few shards for some hundred nanoseconds; no file is touched and
// nothing is computed under a lock.
//
// Invariants:
// 1. A node that a Hold points to is not removed.
// 2. At most one Hold has the update of a node, unless proxy_cache_lock_age has passed.
// 3. The list of a shard is in the order of last use; its front is the next to go.
// 4. The sum of all nodes' disk_bytes is size_bytes().
//
// The index may be wrong about files: another generation of the proxy, or a purging script, may
// have added or removed some. The file decides; the index is told (file_missing, file_found).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/intrusive_list.h"
#include "base/time.h"
#include "cache/entry.h"
#include "cache/key.h"

namespace baton::cache {

// Somebody who waits for an update to end. The index calls wake() from any thread, once, under a
// lock: it must only pass the word on.
class UpdateWaiter {
 public:
  virtual void wake() = 0;

 protected:
  ~UpdateWaiter() = default;
};

class Index {
 public:
  // At most `entries_max` entries; `hot_bytes_max` bytes of entries are kept in memory.
  Index(std::uint64_t entries_max, std::uint64_t hot_bytes_max, Duration inactive);
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;
  ~Index();

 private:
  struct Shard;
  struct Node;

 public:
  // A request's claim on a node, ended by its destructor: an update that it had begun counts as
  // failed then, and those who wait for it are woken.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept { *this = std::move(other); }
    Hold& operator=(Hold&& other) noexcept {
      std::swap(index_, other.index_);
      std::swap(node_, other.node_);
      std::swap(updates_, other.updates_);
      std::swap(counts_, other.counts_);
      std::swap(update_number_, other.update_number_);
      return *this;
    }
    ~Hold() { release(); }
    void release();
    explicit operator bool() const { return node_ != nullptr; }
    // It has the update of its node.
    [[nodiscard]] bool updates() const { return updates_; }

   private:
    friend class Index;
    Index* index_ = nullptr;
    Node* node_ = nullptr;
    bool updates_ = false;
    bool counts_ = false;  // the number of uses matters
    std::uint64_t update_number_ = 0;
  };

  // The entry if it is in memory; counts as a use of it then.
  std::shared_ptr<const Entry> use_hot(const Key& key, Instant now);

  struct Seen {
    bool is_new = false;      // nothing was known of this key
    bool exists = false;      // there should be a file
    bool full = false;        // no room for a new key: nothing is held
    std::uint32_t uses = 0;   // this one included
    std::uint16_t error = 0;  // a status that is to be answered instead
  };
  struct Use {
    Instant now{};
    Seconds wall_now = 0;
    std::uint32_t min_uses = 1;  // above 1, keys without a file are remembered for their uses
  };
  // A request for `key`: holds its node, which is made if need be. `removed` gets the key of an
  // entry that had to go for it, whose file is to be removed.
  Seen use(const Key& key, Hold& hold, const Use& by, std::optional<Key>& removed);
  // The same without counting as a use; false when nothing is known of the key.
  bool hold(const Key& key, Hold& hold);

  // The file was found, or not.
  void file_found(const Hold& hold, std::uint64_t disk_bytes);
  void file_missing(const Hold& hold);
  // Keeps an entry in memory, as long as there is room.
  void keep_hot(const Hold& hold, std::shared_ptr<const Entry> entry);
  void drop_hot(const Key& key);

  // Takes the update of an entry that has expired; false when somebody else has it.
  bool begin_update(Hold& hold);
  // Takes the update of an entry that does not exist (proxy_cache_lock). Empty when it is ours;
  // otherwise the time at which it may be taken over at the latest.
  std::optional<Instant> lock(Hold& hold, Instant now, Duration age);
  // `waiter` is woken when the update of the node ends; at once if there is none. Until then, or
  // until forget(), it must live.
  void await_update(const Hold& hold, UpdateWaiter& waiter);
  void forget(const Hold& hold, UpdateWaiter& waiter);

  // A new file is in place. Ends the update.
  void stored(Hold& hold, std::uint64_t disk_bytes);
  // Instead of a file: a status to answer until `until`.
  void remember_error(Hold& hold, std::uint16_t status, Seconds until);

  // --- for the keeper ---

  // A file of an earlier run. False when it is known already, or there is no room.
  bool add_found(const Key& key, std::uint64_t disk_bytes, Instant now);
  // Takes out an entry that was not used for the time of `inactive`.
  std::optional<Key> take_inactive(Instant now);
  // Takes out the entry whose last use is the longest ago.
  std::optional<Key> take_oldest();
  // When the next entry becomes inactive; `never` when there is none.
  Instant next_inactive() const;

  [[nodiscard]] std::int64_t size_bytes() const { return size_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t entries() const;

 private:
  static constexpr std::size_t shard_count = 16;

  Shard& shard_of(const Key& key) const;
  void touch(Shard& shard, Node& node, Instant now);
  void set_size(Node& node, std::uint64_t disk_bytes);
  void set_hot(Shard& shard, Node& node, std::shared_ptr<const Entry> entry);
  void end_update(Hold& hold);
  std::optional<Key> make_room(Shard& shard, bool& full);
  void remove(Shard& shard, Node& node);

  std::uint64_t entries_per_shard_;
  std::uint64_t hot_bytes_per_shard_;
  Duration inactive_;
  std::atomic<std::int64_t> size_{0};
  std::atomic<std::uint64_t> updates_{0};
  std::unique_ptr<std::array<Shard, shard_count>> shards_;
};

}  // namespace baton::cache
