// Finds processes for a ProcessCensus: by the kernel's events where it gives them, otherwise by
// looking through /proc every scan_interval, a slice at a time, so that the thread is never away
// for long.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/log.h"
#include "config/model/tracking.h"
#include "failover/process_census.h"
#include "failover/read_watch.h"
#include "linux/process_events.h"
#include "runtime/loop.h"

namespace baton::failover {

class ProcessWatch {
 public:
  static constexpr Duration scan_interval = 500ms;
  static constexpr std::size_t slice = 64;

  using Report = std::function<void(const ProcessCensus::Change&)>;

  ProcessWatch(runtime::Loop& loop, Log& log, Report report);

  // Watches for these; the first look is done, and reported, before it returns.
  void configure(const std::vector<config::TrackProcess>& wanted);
  void stop();

  [[nodiscard]] const ProcessCensus& census() const { return census_; }
  // "events", "scan", or "off" when nothing is watched for.
  [[nodiscard]] const char* method() const;

 private:
  void open_events();
  bool read_events();
  void look(pid_t pid);
  void scan_all();
  void scan_slice();
  void review();

  runtime::Loop& loop_;
  Log& log_;
  Report report_;
  ProcessCensus census_;
  bool wanted_ = false;
  std::unique_ptr<linux::ProcessEvents> events_;
  std::unique_ptr<ReadWatch> events_watch_;
  std::vector<pid_t> round_;  // of the scan under way, sorted
  std::size_t next_ = 0;      // in the round
  runtime::Timer scan_timer_;
  runtime::Timer delay_timer_;
};

}  // namespace baton::failover
