// Counters and health that outlive a proxy generation. The supervisor maps one region, shared and
// anonymous, before it forks anything; every child inherits it at the same address. Slots are
// named ("group/10.0.0.1:80"): the supervisor finds or adds the names of a configuration before
// it forks the generation that uses them, the generation looks its names up in the directory that
// it inherited with the fork. Only the supervisor changes the directory, so it needs no lock;
// everything in a slot is atomic.
//
// Times are CLOCK_MONOTONIC nanoseconds, the same clock in all processes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "ipc/shared_pieces.h"

namespace baton::ipc {

// Active connections are counted per generation, in the lane `generation % lanes_max`, so that
// what a killed process had open can be taken off again.
inline constexpr std::uint32_t lanes_max = 8;

// Classes of how long an answer took (upstream/stall_guard.h).
inline constexpr std::size_t answer_time_classes = 16;

// What all generations share about one upstream group.
struct alignas(64) GroupSlot {
  // Requests dealt out so far: the position of the round robin, of primary and backup servers.
  std::atomic<std::uint64_t> positions[2]{};
  // Grows whenever a server of the group becomes eligible or stops being so.
  std::atomic<std::uint64_t> version{0};
};

// What all generations share about one server of a group.
struct alignas(64) PeerSlot {
  // Written for every request.
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::int32_t> active[lanes_max]{};
  std::atomic<std::uint64_t> bytes_sent{0};
  std::atomic<std::uint64_t> bytes_received{0};
  std::atomic<std::int64_t> last_picked_ns{0};
  // Read for every request, written when something goes wrong (upstream/health.h).
  alignas(64) std::atomic<std::uint32_t> fails{0};
  std::atomic<std::uint32_t> times_unavailable{0};
  std::atomic<std::uint64_t> check_word{0};  // active checks (upstream/check_state.h)
  std::atomic<std::int64_t> accessed_ns{0};
  std::atomic<std::int64_t> checked_ns{0};
  std::atomic<std::int64_t> unavailable_since_ns{0};  // 0: available
  std::atomic<std::uint64_t> failures{0};
  std::atomic<std::int64_t> recovered_ns{0};  // when it became available again; 0: never
  // The stall guard's verdict (upstream/stall_guard.h). 0: it answers.
  std::atomic<std::int64_t> stalled_since_ns{0};
  // Requests that the server has and has not answered, and what is known of its answers.
  alignas(64) std::atomic<std::int32_t> waiting{0};
  std::atomic<std::uint32_t> suspect_waiting{0};
  std::atomic<std::int64_t> suspect_ns{0};
  std::atomic<std::int64_t> silent_since_ns{0};
  std::atomic<std::int64_t> answered_ns{0};     // last answer; 0: never
  std::atomic<std::int64_t> stall_probe_ns{0};  // when the next request may try it
  std::atomic<std::uint32_t> stall_probes{0};
  std::atomic<std::uint32_t> times_stalled{0};
  // Moving means for least_time; 0: nothing known.
  std::atomic<std::int64_t> mean_header_ns{0};
  std::atomic<std::int64_t> mean_response_ns{0};
  // Answers by how long they took: below 1 ms, 2 ms, 4 ms, ... (upstream/stall_guard.h).
  alignas(64) std::atomic<std::uint32_t> answers_by_time[answer_time_classes]{};
  // Statistics of finished responses.
  alignas(64) std::atomic<std::uint64_t> responses[5]{};  // by class: 1xx ... 5xx
  std::atomic<std::uint64_t> header_time_ns{0};           // sums
  std::atomic<std::uint64_t> response_time_ns{0};
  // Of a slot that stands for whatever a name resolves to (upstream/resolved_servers.h): a mark of
  // the server in it, 0 for none, and where it is, for the next generation to begin with.
  std::atomic<std::uint64_t> occupant{0};
  std::atomic<std::uint64_t> address[2]{};
  std::atomic<std::uint64_t> place{0};
  // Active checks: how many, how many failed, how often the server went out, how the last ended.
  std::atomic<std::uint64_t> checks{0};
  std::atomic<std::uint64_t> checks_failed{0};
  std::atomic<std::uint32_t> times_unhealthy{0};
  std::atomic<bool> check_passed_last{false};

  [[nodiscard]] std::int32_t active_total() const {
    std::int32_t sum = 0;
    for (const auto& lane : active) sum += lane.load(std::memory_order_relaxed);
    return sum;
  }
};

// A bounded array of slots inside the region, with the directory of their names beside it.
template <typename Slot>
class SlotTable {
 public:
  SlotTable(void* memory, std::uint32_t slots_max);

  // The slot of `name`, added all zero when it is new. Unavailable when the table is full.
  Result<Slot*> find_or_add(std::string_view name, std::uint64_t generation);
  // Null when there is none.
  [[nodiscard]] Slot* find(std::string_view name) const;
  // Gives back the slots that no generation from `oldest` on has named.
  void release_older_than(std::uint64_t oldest);
  [[nodiscard]] std::size_t size() const { return directory_.size(); }
  template <typename Visitor>
  void for_each(Visitor visit) {
    for (const auto& [name, entry] : directory_) visit(name, slots_[entry.index]);
  }

 private:
  struct Entry {
    std::uint32_t index;
    std::uint64_t generation;  // the latest one that named it
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>{}(name);
    }
  };
  Slot* slots_;
  std::uint32_t slots_max_;
  std::uint32_t used_ = 0;
  std::vector<std::uint32_t> released_;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> directory_;
};

class SharedRegion {
 public:
  struct Limits {
    std::uint32_t groups_max = 1 << 16;
    std::uint32_t peers_max = 1 << 19;
  };
  // Address space for all slots; memory is used as slots are touched.
  static Result<std::unique_ptr<SharedRegion>> create(Limits limits);
  static Result<std::unique_ptr<SharedRegion>> create() { return create(Limits{}); }
  SharedRegion(const SharedRegion&) = delete;
  SharedRegion& operator=(const SharedRegion&) = delete;
  ~SharedRegion();

  [[nodiscard]] SlotTable<GroupSlot>& groups() { return groups_; }
  [[nodiscard]] SlotTable<PeerSlot>& peers() { return peers_; }
  // Larger memory of its own, by name: the zones of limit_req and limit_conn.
  [[nodiscard]] SharedPieces& pieces() { return pieces_; }
  // The supervisor calls it when the process of a generation died without finishing and no other
  // living generation has the same lane.
  void clear_lane(std::uint32_t lane);
  // After generations before `oldest` have ended.
  void release_older_than(std::uint64_t oldest);

 private:
  SharedRegion(void* memory, std::size_t size_bytes, Limits limits);
  void* memory_;
  std::size_t size_bytes_;
  SlotTable<GroupSlot> groups_;
  SlotTable<PeerSlot> peers_;
  SharedPieces pieces_;
};

}  // namespace baton::ipc
