// Layout of the table: header, shards, hash index of all shards, states of all shards.

#include "ipc/keyed_states.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/assert.h"

namespace baton::ipc {

namespace {

constexpr std::uint32_t shards_max = 64;
// Below that many states a shard would be full while others have room.
constexpr std::uint32_t states_per_shard_min = 512;

}  // namespace

struct alignas(64) KeyedStates::Header {
  HashSecret secret{};
  std::uint32_t shards = 0;  // a power of two
  std::uint32_t states_per_shard = 0;
  std::uint32_t buckets_per_shard = 0;  // a power of two
};

struct alignas(64) KeyedStates::Shard {
  pthread_mutex_t mutex;
  std::uint32_t used = 0;  // states that were ever used; those behind are fresh
  std::uint32_t free = 0;  // list of given back ones
  std::uint32_t newest = 0;
  std::uint32_t oldest = 0;
};

void KeyedStates::lay_out(std::span<std::byte> memory) {
  BATON_ASSERT(memory.size() >= bytes_min);
  auto* header = new (memory.data()) Header;
  header->secret = make_hash_secret();
  // A state takes its own size and, the index being between once and twice as long, 8 bytes more.
  const std::size_t each = sizeof(KeyedState) + 2 * sizeof(std::uint32_t);
  const std::size_t states = (memory.size() - sizeof(Header) - sizeof(Shard)) / each;
  const std::size_t wanted =
      std::bit_floor(std::max<std::size_t>(states / states_per_shard_min, 1));
  header->shards = static_cast<std::uint32_t>(std::min<std::size_t>(wanted, shards_max));
  const std::size_t room =
      memory.size() - sizeof(Header) - header->shards * sizeof(Shard) - alignof(KeyedState);
  header->states_per_shard = static_cast<std::uint32_t>(
      std::min<std::size_t>(room / header->shards / each, UINT32_MAX / 2));
  header->buckets_per_shard = std::bit_ceil(std::max(header->states_per_shard, 1U));
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  std::byte* place = memory.data() + sizeof(Header);
  for (std::uint32_t i = 0; i < header->shards; ++i, place += sizeof(Shard)) {
    ::pthread_mutex_init(&(new (place) Shard)->mutex, &attributes);
  }
  ::pthread_mutexattr_destroy(&attributes);
}

KeyedStates::KeyedStates(std::span<std::byte> memory)
    : header_(reinterpret_cast<Header*>(memory.data())),
      shards_(reinterpret_cast<Shard*>(memory.data() + sizeof(Header))),
      buckets_(reinterpret_cast<std::uint32_t*>(shards_ + header_->shards)) {
  const std::size_t buckets = std::size_t{header_->shards} * header_->buckets_per_shard;
  auto address = reinterpret_cast<std::uintptr_t>(buckets_ + buckets);
  address = (address + alignof(KeyedState) - 1) / alignof(KeyedState) * alignof(KeyedState);
  states_ = reinterpret_cast<KeyedState*>(address);
  const auto* end = reinterpret_cast<std::byte*>(states_ + std::size_t{header_->shards} *
                                                               header_->states_per_shard);
  BATON_ASSERT(end <= memory.data() + memory.size());
}

KeyHash KeyedStates::hash(std::string_view key) const {
  return keyed_hash(header_->secret, key);
}

std::size_t KeyedStates::capacity() const {
  return std::size_t{header_->shards} * header_->states_per_shard;
}

KeyedStates::Shard& KeyedStates::shard(std::uint32_t index) const {
  return shards_[index];
}

std::uint32_t& KeyedStates::bucket(std::uint32_t shard_index, const KeyHash& key) const {
  const std::size_t first = std::size_t{shard_index} * header_->buckets_per_shard;
  return buckets_[first + (key.low & (header_->buckets_per_shard - 1))];
}

KeyedState& KeyedStates::state(std::uint32_t shard_index, std::uint32_t place) const {
  return states_[std::size_t{shard_index} * header_->states_per_shard + place - 1];
}

void KeyedStates::acquire(std::uint32_t shard_index) {
  Shard& locked = shard(shard_index);
  const int result = ::pthread_mutex_lock(&locked.mutex);
  if (result == EOWNERDEAD) {
    empty(shard_index);
    ::pthread_mutex_consistent(&locked.mutex);
    return;
  }
  BATON_ASSERT(result == 0);
}

void KeyedStates::empty(std::uint32_t shard_index) {
  Shard& emptied = shard(shard_index);
  emptied.used = emptied.free = emptied.newest = emptied.oldest = 0;
  std::uint32_t* const first = buckets_ + std::size_t{shard_index} * header_->buckets_per_shard;
  std::fill_n(first, header_->buckets_per_shard, 0U);
}

void KeyedStates::link_newest(std::uint32_t shard_index, std::uint32_t place) {
  Shard& in = shard(shard_index);
  KeyedState& linked = state(shard_index, place);
  linked.newer = 0;
  linked.older = in.newest;
  if (in.newest != 0) state(shard_index, in.newest).newer = place;
  in.newest = place;
  if (in.oldest == 0) in.oldest = place;
}

void KeyedStates::unlink(std::uint32_t shard_index, std::uint32_t place) {
  Shard& in = shard(shard_index);
  const KeyedState& unlinked = state(shard_index, place);
  (unlinked.newer != 0 ? state(shard_index, unlinked.newer).older : in.newest) = unlinked.older;
  (unlinked.older != 0 ? state(shard_index, unlinked.older).newer : in.oldest) = unlinked.newer;
}

// Out of its hash chain and the list by age, onto the list of free ones.
void KeyedStates::take_out(std::uint32_t shard_index, std::uint32_t place) {
  KeyedState& taken = state(shard_index, place);
  std::uint32_t* link = &bucket(shard_index, taken.key);
  while (*link != place) link = &state(shard_index, *link).next;
  *link = taken.next;
  unlink(shard_index, place);
  taken.next = shard(shard_index).free;
  shard(shard_index).free = place;
}

void KeyedStates::clear_lane(std::uint32_t lane) {
  for (std::uint32_t index = 0; index < header_->shards; ++index) {
    acquire(index);
    for (std::uint32_t place = shard(index).newest; place != 0;) {
      KeyedState& cleared = state(index, place);
      const std::uint32_t following = cleared.older;
      cleared.connections[lane] = 0;
      const bool unused = std::ranges::all_of(cleared.connections, [](auto n) { return n == 0; });
      if (unused) take_out(index, place);
      place = following;
    }
    ::pthread_mutex_unlock(&shard(index).mutex);
  }
}

KeyedStates::Lock::Lock(KeyedStates& table, const KeyHash& key)
    : table_(table),
      key_(key),
      shard_(static_cast<std::uint32_t>(key.high & (table.header_->shards - 1))) {
  table_.acquire(shard_);
}

KeyedStates::Lock::~Lock() {
  ::pthread_mutex_unlock(&table_.shard(shard_).mutex);
}

KeyedState* KeyedStates::Lock::find() {
  for (std::uint32_t place = table_.bucket(shard_, key_); place != 0;) {
    KeyedState& candidate = table_.state(shard_, place);
    if (candidate.key == key_) {
      if (table_.shard(shard_).newest != place) {
        table_.unlink(shard_, place);
        table_.link_newest(shard_, place);
      }
      return &candidate;
    }
    place = candidate.next;
  }
  return nullptr;
}

KeyedState* KeyedStates::Lock::add(bool evict) {
  Shard& shard = table_.shard(shard_);
  const bool full = shard.free == 0 && shard.used == table_.header_->states_per_shard;
  if (full) {
    if (!evict || shard.oldest == 0) return nullptr;
    table_.take_out(shard_, shard.oldest);
  }
  std::uint32_t place = shard.free;
  if (place != 0) {
    shard.free = table_.state(shard_, place).next;
  } else {
    place = ++shard.used;
  }
  KeyedState* const added = new (&table_.state(shard_, place)) KeyedState;
  std::memset(&added->connections, 0, sizeof added->connections);
  added->key = key_;
  std::uint32_t& chain = table_.bucket(shard_, key_);
  added->next = chain;
  chain = place;
  table_.link_newest(shard_, place);
  return added;
}

void KeyedStates::Lock::remove(KeyedState& state) {
  table_.take_out(shard_, static_cast<std::uint32_t>(&state - &table_.state(shard_, 1)) + 1);
}

}  // namespace baton::ipc
