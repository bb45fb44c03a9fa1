// The zones of limit_req and limit_conn: what is known of each key, counted once for all threads,
// processes and generations (ipc/keyed_states.h). A zone of the same name, size and key keeps its
// states over a reload.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/model/proxy.h"
#include "ipc/keyed_states.h"

namespace baton::ipc {
class SharedRegion;
}

namespace baton::proxy {

// Gives every zone of `config` its memory. The supervisor calls it for generation `generation`
// (which grows) before it forks. Fails when there is no memory.
Status name_limit_zones(ipc::SharedRegion& region, const config::Proxy& config,
                        std::uint64_t generation);

// Forgets the connections of a lane (ipc/shared_region.h) whose process has died.
void clear_limit_lane(ipc::SharedRegion& region, std::uint32_t lane);

class LimitZones {
 public:
  // `config` and `region` outlive it; its zones have been named for `generation`.
  LimitZones(const config::Proxy& config, ipc::SharedRegion& region, std::uint64_t generation);

  [[nodiscard]] const config::LimitZone& zone(std::uint32_t index) const {
    return *config_.limit_zones[index];
  }
  [[nodiscard]] KeyHash hash(std::uint32_t zone, std::string_view key) const {
    return states_[zone]->hash(key);
  }

  // A leaky bucket: each request adds one, `rate` flows out all the time.
  struct Fill {
    bool exceeded = false;           // more than the burst: not counted
    std::uint64_t excess_milli = 0;  // requests in the bucket beyond the rate, in thousandths
  };
  // One more request at `now`. With `count` it goes into the bucket unless it exceeds
  // `burst_milli`; otherwise this only looks.
  Fill look(std::uint32_t zone, const KeyHash& key, Instant now, std::uint64_t burst_milli,
            bool count);
  // Puts a request that look() let pass into the bucket; gives the excess in thousandths.
  std::uint64_t add(std::uint32_t zone, const KeyHash& key, Instant now);

  enum class Entry : std::uint8_t { entered, exceeded, no_room };
  // One more connection of `key`, unless `most` are open.
  Entry enter(std::uint32_t zone, const KeyHash& key, std::uint32_t most);
  void leave(std::uint32_t zone, const KeyHash& key);

 private:
  const config::Proxy& config_;
  std::uint32_t lane_;
  std::vector<std::unique_ptr<ipc::KeyedStates>> states_;
};

// The connections that one request counts for; they are given back with it.
class HeldConnections {
 public:
  HeldConnections() = default;
  HeldConnections(const HeldConnections&) = delete;
  HeldConnections& operator=(const HeldConnections&) = delete;
  ~HeldConnections() { release(); }

  void add(LimitZones& zones, std::uint32_t zone, const KeyHash& key) {
    zones_ = &zones;
    held_.push_back({zone, key});
  }
  void release() {
    for (const Held& held : held_) zones_->leave(held.zone, held.key);
    held_.clear();
  }

 private:
  struct Held {
    std::uint32_t zone;
    KeyHash key;
  };
  LimitZones* zones_ = nullptr;
  std::vector<Held> held_;
};

}  // namespace baton::proxy
