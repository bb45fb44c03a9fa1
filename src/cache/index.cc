// Shards, nodes, and who has what.

#include "cache/index.h"

#include <algorithm>

#include "base/assert.h"

namespace baton::cache {

namespace {

struct UseTag;
struct HotTag;

}  // namespace

struct Index::Node : ListNode<UseTag>, ListNode<HotTag> {
  Key key{};
  std::uint32_t holds = 0;
  std::uint32_t uses = 0;
  bool exists = false;
  bool updating = false;
  std::uint16_t error = 0;
  Seconds error_until = 0;
  Instant used{};
  Instant lock_until{};
  std::uint64_t update_number = 0;
  std::uint64_t disk_bytes = 0;
  std::shared_ptr<const Entry> hot;
  std::vector<UpdateWaiter*> waiters;
};

struct alignas(64) Index::Shard {
  mutable std::mutex mutex;
  std::unordered_map<Key, std::unique_ptr<Node>, KeyHash> nodes;
  IntrusiveList<Node, UseTag> by_use;  // the front was used the longest ago
  IntrusiveList<Node, HotTag> by_hot_use;
  std::uint64_t hot_bytes = 0;
};

Index::Index(std::uint64_t entries_max, std::uint64_t hot_bytes_max, Duration inactive)
    : entries_per_shard_(std::max<std::uint64_t>(entries_max / shard_count, 1)),
      hot_bytes_per_shard_(hot_bytes_max / shard_count),
      inactive_(inactive),
      shards_(std::make_unique<std::array<Shard, shard_count>>()) {}

Index::~Index() = default;

Index::Shard& Index::shard_of(const Key& key) const {
  // Not the bytes that the map of the shard hashes by.
  return (*shards_)[key[15] % shard_count];
}

void Index::Hold::release() {
  if (node_ == nullptr) return;
  Shard& shard = index_->shard_of(node_->key);
  {
    const std::scoped_lock lock(shard.mutex);
    index_->end_update(*this);
    --node_->holds;
    // Nothing is worth remembering of a response that was not kept.
    const bool of_use = node_->exists || node_->error != 0 || counts_;
    if (node_->holds == 0 && !of_use) index_->remove(shard, *node_);
  }
  node_ = nullptr;
  index_ = nullptr;
  counts_ = false;
}

void Index::touch(Shard& shard, Node& node, Instant now) {
  node.used = now;
  node.ListNode<UseTag>::unlink();
  shard.by_use.push_back(node);
}

void Index::set_size(Node& node, std::uint64_t disk_bytes) {
  size_.fetch_add(
      static_cast<std::int64_t>(disk_bytes) - static_cast<std::int64_t>(node.disk_bytes),
      std::memory_order_relaxed);
  node.disk_bytes = disk_bytes;
}

void Index::set_hot(Shard& shard, Node& node, std::shared_ptr<const Entry> entry) {
  if (node.hot) {
    shard.hot_bytes -= node.hot->memory_bytes();
    node.ListNode<HotTag>::unlink();
  }
  node.hot = std::move(entry);
  if (!node.hot) return;
  shard.hot_bytes += node.hot->memory_bytes();
  shard.by_hot_use.push_back(node);
}

void Index::remove(Shard& shard, Node& node) {
  BATON_ASSERT(node.holds == 0 && node.waiters.empty());
  set_hot(shard, node, nullptr);
  set_size(node, 0);
  shard.nodes.erase(node.key);
}

std::shared_ptr<const Entry> Index::use_hot(const Key& key, Instant now) {
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.nodes.find(key);
  if (found == shard.nodes.end()) return nullptr;
  Node& node = *found->second;
  if (!node.hot || node.error != 0) return nullptr;
  ++node.uses;
  touch(shard, node, now);
  node.ListNode<HotTag>::unlink();
  shard.by_hot_use.push_back(node);
  return node.hot;
}

// Takes the entry that was used the longest ago out of a full shard. A few that are held are
// passed over.
std::optional<Key> Index::make_room(Shard& shard, bool& full) {
  constexpr int tries_max = 20;
  full = false;
  if (shard.nodes.size() < entries_per_shard_) return std::nullopt;
  for (int i = 0; i < tries_max; ++i) {
    Node* node = shard.by_use.front();
    if (node == nullptr) break;
    if (node->holds == 0) {
      const Key key = node->key;
      const bool exists = node->exists;
      remove(shard, *node);
      return exists ? std::optional(key) : std::nullopt;
    }
    touch(shard, *node, shard.by_use.back()->used);
  }
  full = true;
  return std::nullopt;
}

Index::Seen Index::use(const Key& key, Hold& hold, const Use& by, std::optional<Key>& removed) {
  BATON_ASSERT(!hold);
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  Seen seen;
  auto found = shard.nodes.find(key);
  if (found == shard.nodes.end()) {
    removed = make_room(shard, seen.full);
    if (seen.full) return seen;
    seen.is_new = true;
    found = shard.nodes.emplace(key, std::make_unique<Node>()).first;
    found->second->key = key;
  }
  Node& node = *found->second;
  if (node.error != 0 && node.error_until < by.wall_now) {
    // The error has been remembered long enough; so has what went before it.
    node.error = 0;
    set_size(node, 0);
    node.exists = false;
    node.uses = 0;
    seen.is_new = true;
  }
  touch(shard, node, by.now);
  ++node.holds;
  hold.index_ = this;
  hold.node_ = &node;
  hold.counts_ = by.min_uses > 1;
  seen.uses = ++node.uses;
  seen.exists = node.exists;
  seen.error = node.error;
  return seen;
}

bool Index::hold(const Key& key, Hold& hold) {
  BATON_ASSERT(!hold);
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.nodes.find(key);
  if (found == shard.nodes.end()) return false;
  ++found->second->holds;
  hold.index_ = this;
  hold.node_ = found->second.get();
  return true;
}

void Index::file_found(const Hold& hold, std::uint64_t disk_bytes) {
  const std::scoped_lock lock(shard_of(hold.node_->key).mutex);
  hold.node_->exists = true;
  set_size(*hold.node_, disk_bytes);
}

void Index::file_missing(const Hold& hold) {
  Shard& shard = shard_of(hold.node_->key);
  const std::scoped_lock lock(shard.mutex);
  hold.node_->exists = false;
  set_hot(shard, *hold.node_, nullptr);
  set_size(*hold.node_, 0);
}

void Index::keep_hot(const Hold& hold, std::shared_ptr<const Entry> entry) {
  Shard& shard = shard_of(hold.node_->key);
  const std::scoped_lock lock(shard.mutex);
  const std::size_t size = entry->memory_bytes();
  if (size > hot_bytes_per_shard_) return;
  set_hot(shard, *hold.node_, nullptr);
  while (shard.hot_bytes + size > hot_bytes_per_shard_) {
    set_hot(shard, *shard.by_hot_use.front(), nullptr);
  }
  set_hot(shard, *hold.node_, std::move(entry));
}

void Index::drop_hot(const Key& key) {
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.nodes.find(key);
  if (found != shard.nodes.end()) set_hot(shard, *found->second, nullptr);
}

bool Index::begin_update(Hold& hold) {
  const std::scoped_lock lock(shard_of(hold.node_->key).mutex);
  Node& node = *hold.node_;
  if (node.updating) return false;
  node.updating = true;
  node.update_number = hold.update_number_ = updates_.fetch_add(1) + 1;
  hold.updates_ = true;
  return true;
}

std::optional<Instant> Index::lock(Hold& hold, Instant now, Duration age) {
  const std::scoped_lock guard(shard_of(hold.node_->key).mutex);
  Node& node = *hold.node_;
  if (node.updating && node.lock_until > now) return node.lock_until;
  node.updating = true;
  node.lock_until = now + age;
  node.update_number = hold.update_number_ = updates_.fetch_add(1) + 1;
  hold.updates_ = true;
  return std::nullopt;
}

void Index::await_update(const Hold& hold, UpdateWaiter& waiter) {
  const std::scoped_lock lock(shard_of(hold.node_->key).mutex);
  if (hold.node_->updating) {
    hold.node_->waiters.push_back(&waiter);
  } else {
    waiter.wake();
  }
}

void Index::forget(const Hold& hold, UpdateWaiter& waiter) {
  const std::scoped_lock lock(shard_of(hold.node_->key).mutex);
  std::erase(hold.node_->waiters, &waiter);
}

// Of an update that was taken over because of its age, the end means nothing.
void Index::end_update(Hold& hold) {
  if (!hold.updates_) return;
  hold.updates_ = false;
  Node& node = *hold.node_;
  if (node.update_number != hold.update_number_) return;
  node.updating = false;
  node.lock_until = {};
  for (UpdateWaiter* waiter : node.waiters) waiter->wake();
  node.waiters.clear();
}

void Index::stored(Hold& hold, std::uint64_t disk_bytes) {
  Shard& shard = shard_of(hold.node_->key);
  const std::scoped_lock lock(shard.mutex);
  Node& node = *hold.node_;
  node.exists = true;
  node.error = 0;
  set_hot(shard, node, nullptr);
  set_size(node, disk_bytes);
  end_update(hold);
}

void Index::remember_error(Hold& hold, std::uint16_t status, Seconds until) {
  Shard& shard = shard_of(hold.node_->key);
  const std::scoped_lock lock(shard.mutex);
  hold.node_->error = status;
  hold.node_->error_until = until;
  end_update(hold);
}

bool Index::add_found(const Key& key, std::uint64_t disk_bytes, Instant now) {
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  if (shard.nodes.size() >= entries_per_shard_) return false;
  auto [place, is_new] = shard.nodes.try_emplace(key);
  if (!is_new) return false;
  place->second = std::make_unique<Node>();
  Node& node = *place->second;
  node.key = key;
  node.uses = 1;
  node.exists = true;
  set_size(node, disk_bytes);
  touch(shard, node, now);
  return true;
}

std::optional<Key> Index::take_inactive(Instant now) {
  for (Shard& shard : *shards_) {
    const std::scoped_lock lock(shard.mutex);
    Node* node = shard.by_use.front();
    while (node != nullptr && node->used + inactive_ <= now) {
      const Key key = node->key;
      if (node->holds > 0) {
        touch(shard, *node, now);  // somebody is at it: used until now
      } else {
        const bool exists = node->exists;
        remove(shard, *node);
        if (exists) return key;
      }
      node = shard.by_use.front();
    }
  }
  return std::nullopt;
}

std::optional<Key> Index::take_oldest() {
  // The oldest among the fronts of the shards; it may have been used again when its turn comes,
  // which does no harm.
  while (true) {
    Shard* oldest = nullptr;
    Instant used = never;
    for (Shard& shard : *shards_) {
      const std::scoped_lock lock(shard.mutex);
      const Node* node = shard.by_use.front();
      if (node == nullptr || node->used >= used) continue;
      used = node->used;
      oldest = &shard;
    }
    if (oldest == nullptr) return std::nullopt;
    const std::scoped_lock lock(oldest->mutex);
    Node* node = oldest->by_use.front();
    std::size_t left = oldest->nodes.size();
    while (node != nullptr && node->holds > 0 && left-- > 0) {
      touch(*oldest, *node, oldest->by_use.back()->used);
      node = oldest->by_use.front();
    }
    if (node == nullptr || node->holds > 0) return std::nullopt;
    const Key key = node->key;
    const bool exists = node->exists;
    remove(*oldest, *node);
    if (exists) return key;
  }
}

Instant Index::next_inactive() const {
  Instant next = never;
  for (const Shard& shard : *shards_) {
    const std::scoped_lock lock(shard.mutex);
    const Node* node = const_cast<Shard&>(shard).by_use.front();
    if (node != nullptr) next = std::min(next, node->used + inactive_);
  }
  return next;
}

std::size_t Index::entries() const {
  std::size_t sum = 0;
  for (const Shard& shard : *shards_) {
    const std::scoped_lock lock(shard.mutex);
    sum += shard.nodes.size();
  }
  return sum;
}

}  // namespace baton::cache
