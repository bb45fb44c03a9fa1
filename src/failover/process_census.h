// Which processes that are watched for (vrrp_track_process) are there, and whether that is enough.
// Pure: who drives it tells of processes and their ends, and asks what has changed.
//
// A quorum that was gained or lost counts when it has lasted for its delay; what is found first
// counts at once.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/model/tracking.h"
#include "linux/process_events.h"
#include "vrrp/tracker.h"

namespace baton::failover {

// Whether a process of these names is one that is watched for.
bool matches(const config::TrackProcess& wanted, const linux::ProcessNames& names);

class ProcessCensus {
 public:
  struct Count {
    std::set<pid_t> pids;
    vrrp::Health health = vrrp::Health::unknown;  // as last told by due()
    Instant due = never;                          // when the present number counts
  };
  struct Change {
    std::uint32_t process = 0;  // index of the configuration
    vrrp::Health health = vrrp::Health::unknown;
    std::string detail;  // "1 of 2 processes"
  };

  // What is watched for from now on. Everything is forgotten when it differs from before: true.
  bool configure(const std::vector<config::TrackProcess>& wanted);
  // Whether command lines are needed, too.
  [[nodiscard]] bool wants_arguments() const;

  // A process that is there, new or changed.
  void put(pid_t pid, const linux::ProcessNames& names);
  // A copy of another one.
  void put_copy(pid_t pid, pid_t parent);
  void remove(pid_t pid);
  // Removes all but these (sorted).
  void keep_only(const std::vector<pid_t>& pids);

  // Weighs the numbers of now; what counts from now on.
  std::vector<Change> review(Instant now);
  [[nodiscard]] Instant next_due() const;
  [[nodiscard]] const std::vector<Count>& counts() const { return counts_; }

 private:
  [[nodiscard]] bool is_enough(std::size_t index) const;

  std::vector<config::TrackProcess> wanted_;
  std::vector<Count> counts_;
};

}  // namespace baton::failover
