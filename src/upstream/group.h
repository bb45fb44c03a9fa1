// An upstream group at work: its servers, who of them is eligible, whose turn it is.
//
// The model. A View is an immutable cycle of smooth weighted round robin (round_robin.h) over the
// servers that are eligible now, primaries and backups apart. The turn is one shared counter per
// group (ipc::GroupSlot), so that all threads of all generations together follow one cycle; a pick
// is one fetch_add and one array access. When a server's eligibility changes, GroupSlot::version
// grows, and the next pick of any thread makes and publishes a new View. A server that is out for
// failures waits in the View until its probe is due; the first request after that takes it.
//
// Invariants:
// 1. A pick never gives a server that is down, tried already, full (max_conns), or unavailable
//    and not due for a probe.
// 2. Backups are only picked when no primary can be.
// 3. A group of one server and no backup never loses it (as nginx).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/model/proxy.h"
#include "ipc/shared_region.h"
#include "net/address.h"
#include "upstream/health.h"

namespace baton::upstream {

// One server of a group: what does not change while a configuration is used.
struct Peer {
  std::uint32_t index = 0;  // in its group, primaries and backups in file order
  std::string name;         // $upstream_addr: "10.0.0.1:80", "[::1]:80", "unix:/run/app.sock"
  net::Endpoint endpoint;
  std::string unix_path;  // set instead of endpoint
  std::uint32_t weight = 1;
  std::uint32_t connections_max = 0;
  bool backup = false;
  bool down = false;
  HealthRule health;
  ipc::PeerSlot* shared = nullptr;
};

// The servers that one request has tried. Costs nothing until the first is added.
class Tried {
 public:
  void add(std::uint32_t peer) {
    if (peer / 64 >= bits_.size()) bits_.resize(peer / 64 + 1);
    bits_[peer / 64] |= std::uint64_t{1} << peer % 64;
  }
  [[nodiscard]] bool contains(std::uint32_t peer) const {
    return peer / 64 < bits_.size() && (bits_[peer / 64] >> peer % 64 & 1) != 0;
  }
  [[nodiscard]] bool empty() const { return bits_.empty(); }
  void clear() { bits_.clear(); }

 private:
  std::vector<std::uint64_t> bits_;
};

// Who is eligible, and in which order: made once per change, then only read.
struct View {
  std::uint64_t version = 0;  // GroupSlot::version that it was made from
  std::uint64_t serial = 0;   // grows with each View of this process
  Instant made_at{};
  Instant probe_at = never;               // when the first of `waiting` is due
  std::vector<std::uint32_t> cycle[2];    // primaries, backups: peer numbers
  std::vector<std::uint32_t> waiting[2];  // out for failures, to be probed
};

// Each thread's reference to the View that it saw last, one per group and thread.
struct CachedView {
  std::shared_ptr<const View> view;
};

class Group;

// A server that was picked, as an owner: whatever way it ends, the connection is no longer counted
// as active and the server's health hears the outcome. Ended by succeed(), fail(), or, when the
// attempt says nothing about the server (client gone, shutting down), by destruction.
class Pick {
 public:
  Pick(Pick&& other) noexcept;
  Pick& operator=(Pick&& other) noexcept;
  ~Pick() { abandon(); }

  [[nodiscard]] const Peer& peer() const { return *peer_; }
  // The first request after fail_timeout to a server that was out.
  [[nodiscard]] bool is_probe() const { return probe_; }
  // True when a failed server is eligible again by this.
  bool succeed();
  // True when the server is out now: nginx's "upstream server temporarily disabled" (warn).
  bool fail(Instant now);
  void abandon();

  // For statistics, before the end. `status` is the upstream's; durations from the pick on.
  void count_response(int status, Duration header_time, Duration response_time);
  void count_bytes(std::uint64_t sent, std::uint64_t received);

 private:
  friend class Group;
  Pick(Group& group, const Peer& peer, bool probe, Instant picked_at)
      : group_(&group), peer_(&peer), probe_(probe), picked_at_(picked_at) {}
  bool end();  // false when it had ended before

  Group* group_;  // null: ended
  const Peer* peer_;
  bool probe_;
  Instant picked_at_;
};

class Group {
 public:
  // `lane` is the generation's (ipc/shared_region.h). The slots must have been named before
  // (name_slots in upstream/upstreams.h); asserts otherwise.
  Group(const config::UpstreamGroup& config, ipc::SharedRegion& region, std::uint32_t lane);
  // The same over slots that are given, one for each server, which outlive it as `config` does.
  Group(const config::UpstreamGroup& config, ipc::GroupSlot& shared,
        std::span<ipc::PeerSlot* const> slots, std::uint32_t lane);
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // The next server for a request that has tried `tried`; unavailable: no live upstreams.
  // Thread-safe; `cached` belongs to the calling thread.
  Result<Pick> pick(CachedView& cached, const Tried& tried, Instant now);

  [[nodiscard]] const config::UpstreamGroup& config() const { return config_; }
  [[nodiscard]] const std::vector<Peer>& peers() const { return peers_; }
  // How often a request may be tried at most: servers that are not down, backups included.
  [[nodiscard]] std::uint32_t tries_max() const { return tries_max_; }
  // Whether a request now would find a server (max_conns aside).
  [[nodiscard]] bool alive(Instant now) const;
  // Active health checks: the generation whose verdicts count, and who is told of a new one.
  void set_generation(std::uint64_t generation) {
    for (Peer& peer : peers_) {
      peer.health.checks = {config_.health_checks, static_cast<std::uint16_t>(generation)};
    }
  }
  void checks_changed() { eligibility_changed(); }
  // The name of a server's slot in the shared region; `occurrence` counts servers of one name.
  static std::string slot_name(const config::UpstreamGroup& group,
                               const config::UpstreamServer& server, std::uint32_t occurrence);
  // The slots of a configuration's servers, in their order.
  static std::vector<ipc::PeerSlot*> find_slots(const config::UpstreamGroup& config,
                                                ipc::SharedRegion& region);

 private:
  friend class Pick;
  const View& current_view(CachedView& cached, Instant now);
  std::shared_ptr<const View> make_view(Instant now) const;
  // Null when nobody of the tier can be picked.
  const Peer* pick_in_turn(const View& view, int tier, const Tried& tried, Instant now);
  const Peer* pick_probe(const View& view, int tier, const Tried& tried, Instant now);
  void eligibility_changed() { shared_->version.fetch_add(1, std::memory_order_release); }

  const config::UpstreamGroup& config_;
  ipc::GroupSlot* shared_;
  std::uint32_t lane_;
  std::vector<Peer> peers_;
  std::uint32_t tries_max_ = 0;
  bool single_ = false;  // invariant 3
  std::atomic<std::uint64_t> retries_{0};
  std::atomic<std::uint64_t> serial_{0};  // of view_
  std::mutex making_;  // taken once per change and thread, never on the ordinary path
  std::shared_ptr<const View> view_;
};

}  // namespace baton::upstream
