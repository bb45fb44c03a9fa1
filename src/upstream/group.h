// An upstream group at work: its servers, who of them is eligible, whose turn it is.
//
// The model. For round robin a View holds, for primaries and backups, a Plan: the picks that follow
// from the present state of smooth weighted round robin (smooth_turns.h), made ahead of time. The
// turn is one shared counter per group (ipc::GroupSlot), so that all threads of all generations
// together follow one plan; a pick is one fetch_add and one array access. Where the state comes
// back, the plan is a cycle and never ends. What disturbs the order (a failure, a retry, a server
// that is full, back, or due for its probe) brings the state up to the counter under a lock, is
// applied to it, and a new plan is made: the order is nginx's at every step, and no ordinary pick
// takes a lock. In a group of more than exact_peers_max servers a plan is always a cycle over the
// eligible ones and retries go on to the next in it: nobody could tell the difference.
//
// The other balancers read the shared counters of the servers as they choose (balancers.cc).
//
// When a server's eligibility changes, GroupSlot::version grows, and the next pick of any thread
// makes and publishes a new View.
//
// Invariants:
// 1. A pick never gives a server that is down, tried already, full (max_conns), or unavailable or
//    stalled and not due for a probe; a stalled one as the last resort, when there is no other.
// 2. Backups are only picked when no primary can be.
// 3. A group of one server and no backup never loses it (as nginx).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "config/model/upstream.h"
#include "ipc/shared_region.h"
#include "upstream/hashing.h"
#include "upstream/peer.h"
#include "upstream/search.h"
#include "upstream/smooth_turns.h"
#include "upstream/waiting_line.h"

namespace baton::upstream {

// Up to this size a group follows nginx's order through all disturbances.
inline constexpr std::size_t exact_peers_max = 512;
// Up to this size least_conn and least_time compare all servers; in a larger group a part of them,
// from a place that moves on.
inline constexpr std::size_t compared_peers_max = 256;

// Picks made ahead: the one for position `base + i` of the shared counter is picks[i].
struct Plan {
  std::uint64_t base = 0;
  std::vector<std::uint32_t> picks;
  bool cycle = false;   // after the last the first again
  bool nobody = false;  // no server of the tier is eligible
};

// Who is eligible, and in which order: made once per change, then only read.
struct View {
  std::uint64_t version = 0;  // GroupSlot::version that it was made from
  std::uint64_t serial = 0;   // grows with each View of this process
  Instant made_at{};
  Instant stale_at = never;              // when somebody's eligibility or weight changes by time
  std::shared_ptr<const Plan> plans[2];  // primaries, backups
};

// What one thread keeps of a group: the View that it saw last.
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
  // The first request after fail_timeout to a server that was out, or to a stalled one.
  [[nodiscard]] bool is_probe() const { return probe_; }

  // The request is complete or on its way: from now on the server owes an answer. Does nothing
  // the second time.
  void await_answer(Instant now);
  // The response's head is there. True when this ended a stall.
  bool answered(Instant now);

  // True when a failed server is eligible again by this.
  bool succeed(Instant now);
  // True when the server is out now: nginx's "upstream server temporarily disabled" (warn).
  bool fail(Instant now);
  void abandon();

  // For statistics and least_time, before the end. `status` is the upstream's; durations from the
  // pick on.
  void count_response(int status, Duration header_time, Duration response_time);
  void count_bytes(std::uint64_t sent, std::uint64_t received);

 private:
  friend class Group;
  Pick(Group& group, const Peer& peer, bool probe, Instant picked_at)
      : group_(&group), peer_(&peer), picked_at_(picked_at), probe_(probe) {}
  bool end();  // false when it had ended before

  Group* group_;  // null: ended
  const Peer* peer_;
  Instant picked_at_;
  Instant asked_at_{};
  bool probe_;
  bool waiting_ = false;
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

  // The next server for `search`; unavailable: no live upstreams. Thread-safe; `cached` belongs to
  // the calling thread.
  Result<Pick> pick(CachedView& cached, Search& search, Instant now);

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
  void checks_changed() { server_is_back(); }
  // The server of a sticky session's route; no_peer when there is none.
  [[nodiscard]] std::uint32_t find_route(std::string_view route) const;
  // The same by what stands for the route in shared memory (upstream/sessions.h).
  [[nodiscard]] std::uint32_t find_mark(std::uint64_t mark) const;
  // Where requests wait that find no server; null without `queue`.
  [[nodiscard]] WaitingLine* line() const { return line_.get(); }
  // The name of a server's slot in the shared region; `occurrence` counts servers of one name.
  static std::string slot_name(const config::UpstreamGroup& group,
                               const config::UpstreamServer& server, std::uint32_t occurrence);
  // The slots of a configuration's servers, in their order.
  static std::vector<ipc::PeerSlot*> find_slots(const config::UpstreamGroup& config,
                                                ipc::SharedRegion& region);

 private:
  friend class Pick;
  static constexpr int tiers = 2;
  enum class Taken : std::uint8_t { no, yes, probe };
  // The state of smooth weighted round robin, where a plan begins and ends.
  struct Turns {
    SmoothTurns at_base;
    SmoothTurns at_end;
  };
  // A peer's place in the round robin among equals of the comparing balancers.
  struct Standing {
    std::atomic<std::int64_t> current{0};
    std::atomic<std::int64_t> effective{0};
  };

  // Eligibility.
  [[nodiscard]] bool is_eligible(const Peer& peer, Instant now) const;
  [[nodiscard]] bool admits(const Peer& peer, const Search& search, Instant now) const;
  Taken take(const Peer& peer, Search& search, Instant now);
  [[nodiscard]] std::uint32_t weight_now(const Peer& peer, Instant now) const;
  void eligibility_changed() { shared_->version.fetch_add(1, std::memory_order_release); }
  void server_is_back();
  void failed(const Peer& peer, bool out);
  void released(const Peer& peer, std::int32_t active_before);

  // Views and plans (views.cc). What takes a lock is handed it to prove that it holds `making_`.
  using Making = std::lock_guard<std::mutex>;
  [[nodiscard]] bool fits(const View& view, Instant now) const;
  void refresh(CachedView& cached, Instant now);
  void make_view(const Making&, Instant now);
  void publish(const Making&, std::shared_ptr<View> view);
  void bring_up(const Making&, int tier);
  std::shared_ptr<const Plan> exact_plan(const Making&, int tier);
  std::shared_ptr<const Plan> cycle_plan(int tier, Instant now) const;
  std::uint32_t beyond_plan(CachedView& cached, int tier, std::uint64_t position, Instant now);
  void extend_plan(const Making&, int tier, std::uint64_t position);

  // Balancers: null when nobody can be picked; `taken` says how.
  const Peer* choose(CachedView& cached, Search& search, Instant now, Taken& taken);
  const Peer* in_turn(CachedView& cached, int tier, Search& search, Instant now, Taken& taken);
  const Peer* out_of_turn(CachedView& cached, int tier, Search& search, Instant now, Taken& taken);
  const Peer* along_cycle(const Plan& plan, int tier, Search& search, Instant now, Taken& taken);
  const Peer* least_loaded(int tier, Search& search, Instant now, Taken& taken);
  const Peer* by_address(Search& search, Instant now, Taken& taken);
  const Peer* by_key(Search& search, Instant now, Taken& taken);
  const Peer* by_ring(Search& search, Instant now, Taken& taken);
  const Peer* at_random(Search& search, Instant now, Taken& taken);
  const Peer* stalled_one(Search& search, Instant now, Taken& taken);
  [[nodiscard]] double load_of(const Peer& peer, Instant now, config::Balance balance) const;
  std::uint32_t turn_among(std::span<const std::uint32_t> equals);
  void prepare_balancer();
  void make_ring();

  const config::UpstreamGroup& config_;
  ipc::GroupSlot* shared_;
  std::uint32_t lane_;
  std::vector<Peer> peers_;
  std::vector<std::uint32_t> members_[tiers];
  std::uint32_t tries_max_ = 0;
  std::uint32_t unit_ = 1;  // what weights are multiplied by, so that slow start has steps
  bool single_ = false;     // invariant 3
  bool exact_ = true;
  std::atomic<std::uint64_t> retries_{0};  // spread over the servers of a large group

  std::atomic<std::uint64_t> serial_{0};  // of view_
  std::mutex making_;  // taken when something changed, never on the ordinary path
  std::shared_ptr<const View> view_;
  Turns turns_[tiers];
  std::vector<std::uint32_t> lowered_;  // peers whose failures the turns have not heard of
  // Where the next comparison of a large group begins.
  std::atomic<std::uint64_t> compared_from_{0};
  std::atomic<std::uint64_t> dice_{0};  // seeds what is decided by chance, another one each time

  // For the balancers that need them.
  std::unique_ptr<Standing[]> standings_;
  WeightedIndex index_;  // primaries by weight, in file order
  std::once_flag ring_made_;
  HashRing ring_;
  std::vector<std::vector<std::uint32_t>> ring_names_;  // the peers of each name on the ring
  std::unordered_map<std::string_view, std::uint32_t> routes_;
  std::unordered_map<std::uint64_t, std::uint32_t> marks_;  // of routes, for `sticky learn`
  std::unique_ptr<WaitingLine> line_;
};

}  // namespace baton::upstream
