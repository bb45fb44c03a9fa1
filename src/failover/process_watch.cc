// Events or scans.

#include "failover/process_watch.h"

#include <algorithm>

namespace baton::failover {

ProcessWatch::ProcessWatch(runtime::Loop& loop, Log& log, Report report)
    : loop_(loop),
      log_(log),
      report_(std::move(report)),
      scan_timer_(loop, [this] { scan_slice(); }),
      delay_timer_(loop, [this] { review(); }) {}

void ProcessWatch::configure(const std::vector<config::TrackProcess>& wanted) {
  if (!census_.configure(wanted)) return;
  wanted_ = !wanted.empty();
  if (!wanted_) {
    stop();
    return;
  }
  if (!events_) open_events();
  // After the events were asked for: who comes between is seen twice, not never.
  scan_all();
  if (!events_) scan_timer_.arm(loop_.now() + scan_interval);
}

void ProcessWatch::stop() {
  events_watch_.reset();
  events_.reset();
  scan_timer_.cancel();
  delay_timer_.cancel();
}

const char* ProcessWatch::method() const {
  return !wanted_ ? "off" : events_ ? "events" : "scan";
}

void ProcessWatch::open_events() {
  auto events = linux::ProcessEvents::open();
  if (!events) {
    log_.print(LogLevel::info,
               "the kernel gives no process events here ({}): looking through /proc every {} ms",
               baton::describe(events.error()), to_ms(scan_interval));
    return;
  }
  events_ = std::make_unique<linux::ProcessEvents>(std::move(*events));
  events_watch_ =
      std::make_unique<ReadWatch>(loop_, events_->release(), [this] { return read_events(); });
}

bool ProcessWatch::read_events() {
  constexpr int most_at_once = 128;
  bool lost = false;
  const bool drained = events_->read(
      [&](const linux::ProcessEvent& event) {
        using Kind = linux::ProcessEvent::Kind;
        switch (event.kind) {
          case Kind::forked:
            census_.put_copy(event.pid, event.parent);
            break;
          case Kind::changed:
            look(event.pid);
            break;
          case Kind::ended:
            census_.remove(event.pid);
            break;
          case Kind::lost:
            lost = true;
            break;
        }
      },
      most_at_once);
  if (lost) scan_all();
  review();
  return drained;
}

void ProcessWatch::look(pid_t pid) {
  if (const auto names = linux::read_process(pid, census_.wants_arguments())) {
    census_.put(pid, *names);
  } else {
    census_.remove(pid);
  }
}

void ProcessWatch::scan_all() {
  round_ = linux::all_processes();
  std::ranges::sort(round_);
  for (const pid_t pid : round_) look(pid);
  census_.keep_only(round_);
  next_ = round_.size();
  review();
}

void ProcessWatch::scan_slice() {
  if (next_ >= round_.size()) {
    round_ = linux::all_processes();
    std::ranges::sort(round_);
    next_ = 0;
    census_.keep_only(round_);
  }
  const std::size_t end = std::min(next_ + slice, round_.size());
  for (; next_ < end; ++next_) look(round_[next_]);
  const bool is_whole = next_ >= round_.size();
  if (is_whole) review();
  scan_timer_.arm(loop_.refresh_now() + (is_whole ? scan_interval : Duration(1ms)));
}

void ProcessWatch::review() {
  for (const auto& change : census_.review(loop_.refresh_now())) report_(change);
  delay_timer_.arm(census_.next_due());
}

}  // namespace baton::failover
