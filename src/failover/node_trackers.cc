// Files, processes and interfaces that routers watch: what is found goes to those that it concerns.

#include <fmt/format.h>

#include <algorithm>

#include "failover/node.h"
#include "linux/link_beat.h"

namespace baton::failover {

namespace {

linux::CarrierQuestion question_of(config::LinkBeat::Way way) {
  switch (way) {
    case config::LinkBeat::Way::mii:
      return linux::CarrierQuestion::mii;
    case config::LinkBeat::Way::ethtool:
      return linux::CarrierQuestion::ethtool;
    case config::LinkBeat::Way::flags:
      break;
  }
  return linux::CarrierQuestion::flags;
}

}  // namespace

// Before routers are told of what is known: the first look is done here.
void Node::watch_trackers(bool at_start) {
  watching_ = true;
  debounce_.configure(config_->tracking.delays);
  files_.configure(config_->tracking.files, at_start);
  processes_.configure(config_->tracking.processes);
  poll_links();
}

// To one router, or to all that track it.
void Node::report_file(Router* router, std::uint32_t file) {
  const int value = files_.states().at(file).value;
  const auto tell = [&](Router& one) {
    one.report_watched(Watched::Kind::file, file, vrrp::Health::up, files_.states()[file].problem,
                       value);
  };
  if (router) {
    tell(*router);
  } else {
    tell_all(tell);
  }
}

void Node::report_process(Router* router, std::uint32_t process) {
  const ProcessCensus::Count& count = processes_.census().counts().at(process);
  const config::TrackProcess& wanted = config_->tracking.processes.at(process);
  const std::string detail = fmt::format("{} of {} processes", count.pids.size(), wanted.quorum);
  const auto tell = [&](Router& one) {
    one.report_watched(Watched::Kind::process, process, count.health, detail);
  };
  if (router) {
    tell(*router);
    return;
  }
  log_.print(LogLevel::info, "Quorum {} for tracked process {} ({})",
             count.health == vrrp::Health::up ? "gained" : "lost", wanted.name, detail);
  tell_all(tell);
}

// linkbeat: once a second, the interfaces that are to be asked.
void Node::poll_links() {
  std::vector<config::LinkBeat> beats = config_->tracking.link_beats;
  if (config_->tracking.link_beat_everywhere) {
    for (const auto& router : routers_) {
      for (const Watched& watched : router->plan().watched) {
        const bool known = std::ranges::find(beats, watched.interface,
                                             &config::LinkBeat::interface) != beats.end();
        if (watched.kind != Watched::Kind::interface || known) continue;
        beats.push_back({watched.interface, config::LinkBeat::Way::mii});
      }
    }
  }
  bool changed = false;
  for (const auto& asked : beats) {
    const auto carrier = linux::has_carrier(asked.interface, question_of(asked.preferred));
    if (!links_.set_beat(asked.interface, carrier)) continue;
    log_.print(LogLevel::info, "Linkbeat reports {} {}", asked.interface,
               carrier.value_or(false) ? "up" : "down");
    changed = true;
  }
  if (changed) review_links();
}

void Node::review_links() {
  tell_all([](Router& router) { router.review_links(); });
  link_timer_.arm(debounce_.next_change());
}

}  // namespace baton::failover
