// Active health checks of a process: for each `health_check` line a conversation on the main
// thread that, interval by interval, has every server of the group checked, each after a random
// pause of at most `jitter`. What is found goes into the servers' slots (upstream/check_state.h),
// where all threads and generations see it with their next pick.
//
// A server is out after `fails` failed checks in a row and back after `passes` good ones; the first
// one of a mandatory check decides alone. Checks belong to a generation: they end when it begins to
// drain.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "proxy/health/health_probe.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "upstream/check_state.h"
#include "upstream/upstreams.h"

namespace baton::proxy {

class HealthChecker {
 public:
  // All outlive it. `seed`: of the jitter.
  HealthChecker(runtime::Loop& loop, const config::Proxy& config, upstream::Upstreams& upstreams,
                Log& log, std::uint64_t seed);

  void start(runtime::TaskScope& scope);
  void stop() { stopping_ = true; }
  // Every server with a mandatory check has been checked once.
  [[nodiscard]] bool settled() const;

  // Most checks under way at a time.
  static constexpr std::size_t checks_running_max = 256;

 private:
  // A server as one check line knows it.
  struct Standing {
    std::uint32_t fails = 0;  // in a row
    std::uint32_t passes = 0;
    bool checked = false;
    bool out = false;
    bool running = false;
    bool seen = true;  // in the group at the latest round
    HealthConnection connection;
  };
  struct Check {
    explicit Check(const config::HealthMatch* match) : judge(match) {}
    HealthJudge judge;
    HealthProbePlan plan;
    std::uint32_t group = 0;
    std::unordered_map<ipc::PeerSlot*, std::unique_ptr<Standing>> standings;
    std::size_t unsettled = 1;  // first checks that a mandatory one still waits for
  };
  // A server to be checked, apart from its group, which may change meanwhile.
  struct Subject {
    std::string name;
    HealthProbeTarget target;
    ipc::PeerSlot* slot = nullptr;
    upstream::CheckRule rule;
    Standing* standing = nullptr;
  };

  [[nodiscard]] bool ending() const { return stopping_ || loop_.cancelled(); }
  runtime::Task<void> repeat(Check& check);
  runtime::Task<void> examine(Check& check, Subject subject);
  std::vector<Subject> subjects(Check& check);
  void record(Check& check, const Subject& subject, const HealthFinding& finding);

  runtime::Loop& loop_;
  upstream::Upstreams& upstreams_;
  Log& log_;
  Random random_;
  std::vector<std::unique_ptr<Check>> checks_;
  runtime::TaskScope* scope_ = nullptr;
  std::size_t running_ = 0;
  bool stopping_ = false;
};

}  // namespace baton::proxy
