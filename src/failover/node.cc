// Wiring of the failover process; what the supervisor says is in node_messages.cc.

#include "failover/node.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <random>

#include "base/assert.h"
#include "failover/leftovers.h"

namespace baton::failover {

namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

Result<std::unique_ptr<Node>> Node::create(runtime::Loop& loop, ProcessInputs inputs) {
  auto netlink = linux::Netlink::open();
  if (!netlink) return std::unexpected(netlink.error());
  auto monitor = linux::NetworkMonitor::open();
  if (!monitor) return std::unexpected(monitor.error());
  auto arp = linux::ArpSocket::open();
  if (!arp) return std::unexpected(arp.error());
  auto arp_listener = linux::ArpListener::open();
  if (!arp_listener) return std::unexpected(arp_listener.error());
  std::optional<linux::NeighbourListener> neighbours;
  if (auto listener = linux::NeighbourListener::open()) neighbours = std::move(*listener);
  auto signals = runtime::Signals::create(
      loop, {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, signal_json, signal_stats_clear});
  if (!signals) return std::unexpected(signals.error());
  std::unique_ptr<Node> node(
      new Node(loop, std::move(inputs),
               Opened{std::move(*netlink), std::move(*monitor), std::move(*arp),
                      std::move(*arp_listener), std::move(neighbours), std::move(*signals)}));
  if (auto done = node->links_.refresh(node->netlink_); !done) {
    return std::unexpected(done.error());
  }
  return node;
}

Node::Node(runtime::Loop& loop, ProcessInputs inputs, Opened opened)
    : loop_(loop),
      inputs_(std::move(inputs)),
      log_(*inputs_.log),
      channel_(loop, std::move(inputs_.channel)),
      signals_(std::move(opened.signals)),
      netlink_(std::move(opened.netlink)),
      monitor_(std::move(opened.monitor)),
      arp_listener_(std::move(opened.arp_listener)),
      neighbour_listener_(std::move(opened.neighbour_listener)),
      guard_(netlink_, links_, log_),
      announcer_(loop, std::move(opened.arp), links_, log_, inputs_.log_detail),
      ports_(loop,
             [this](const linux::VrrpEndpoint& endpoint, const vrrp::ParsedAdvert& parsed) {
               log_unknown_router(endpoint, parsed);
             }),
      second_path_(
          loop, links_, log_,
          [this](const auto& report, const auto& source) { take_report(report, source); },
          [this](const auto& disputed, const auto& source, vrrp::HeartbeatDrop drop) {
            take_disputed(disputed, source, drop);
          }),
      witnesses_(loop, scope_, links_),
      will_(log_, inputs_.rename_executor),
      routes_(netlink_, links_, log_),
      vmacs_(netlink_, links_, log_),
      tools_{loop,      log_,         inputs_.log_detail, links_,    guard_, announcer_, ports_,
             recorder_, second_path_, witnesses_,         debounce_, will_,  routes_},
      files_(loop, log_, [this](std::uint32_t file) { report_file(nullptr, file); }),
      processes_(loop, log_,
                 [this](const auto& change) { report_process(nullptr, change.process); }),
      proxy_(loop.refresh_now()),
      detection_(loop, log_, links_, random_seed(),
                 [this](std::uint32_t session, vrrp::Health health, const std::string& detail) {
                   tell_all([&](Router& router) { router.report_bfd(session, health, detail); });
                 }),
      beat_timer_(loop, [this] { on_beat(); }),
      script_timer_(loop, [this] { run_scripts(); }),
      proxy_timer_(loop, [this] { review_proxy(); }),
      link_timer_(loop, [this] { review_links(); }),
      start_timer_(loop, [this] { start_routers(); }),
      stop_timer_(loop, [this] { review_stop(); }),
      log_timer_(loop, [this] { flush_log(); }),
      pair_(loop, scope_, log_),
      handover_kernel_(loop, log_, pair_, guard_, *this),
      handovers_(handover_kernel_, log_, recorder_, pair_.run()) {
  handover_kernel_.drive(handovers_);
  join_pair();
}

Node::~Node() = default;

namespace {

// Ports of switches may block for half a minute after a machine came up (spanning tree).
constexpr Duration boot_phase = 120s;
constexpr Duration boot_link_wait = 30s;

}  // namespace

void Node::start() {
  scope_.spawn(read_messages());
  scope_.spawn(read_signals());
  monitor_watch_ =
      std::make_unique<ReadWatch>(loop_, monitor_.release(), [this] { return read_network(); });
  arp_watch_ = std::make_unique<ReadWatch>(loop_, arp_listener_.release(), [this] {
    return arp_listener_.read([this](const linux::AddressClaim& claim) { take_claim(claim); });
  });
  if (neighbour_listener_) {
    neighbour_watch_ = std::make_unique<ReadWatch>(loop_, neighbour_listener_->release(), [this] {
      return neighbour_listener_->read(
          [this](const linux::AddressClaim& claim) { take_claim(claim); });
    });
  }
  const bool just_booted = runtime::monotonic_now().time_since_epoch() < boot_phase;
  default_link_wait_ = just_booted ? boot_link_wait : Duration(0s);
  if (!inputs_.config->instances.empty()) will_.prepare();
  last_beat_ = loop_.refresh_now();
  remove_leftovers(*inputs_.config);
  use(inputs_.config);
  start_timer_.arm(loop_.now() + start_delay());
  on_beat();
  review_proxy();
  static_cast<void>(channel_.send(ipc::MessageType::ready));
}

// What an earlier run left. An owner's real address stays: it is there for good.
void Node::remove_leftovers(const config::Failover& config) {
  std::vector<HeldAddress> leftovers;
  for (std::uint32_t i = 0; i < config.instances.size(); ++i) {
    if (config.instances[i].priority == vrrp::owner_priority) continue;
    for (auto& held : make_plan(config, i, false).held) leftovers.push_back(std::move(held));
  }
  guard_.remove_leftovers(leftovers);
  routes_.remove_leftovers(all_routes(config));
  vmacs_.remove_leftovers(all_vmacs(config));
  if (const auto done = links_.refresh(netlink_); !done) {
    log_.print(LogLevel::error, "{}", baton::describe(done.error()));
  }
}

// -- the configuration --

// Brings the routers to `config` by difference: who is unchanged is not touched.
void Node::use(std::shared_ptr<const config::Failover> config) {
  const auto before = std::exchange(config_, std::move(config));
  collect_virtual_addresses();
  ++untold_;
  vmacs_.hold(all_vmacs(*config_));
  hold_vmac_sources();
  hold_statics();
  auto earlier = std::exchange(routers_, {});
  const auto wanted = [&](const Router& router) {
    return std::ranges::any_of(config_->instances, [&](const config::VrrpInstance& instance) {
      return instance.name == router.name();
    });
  };
  for (auto& router : earlier) {
    if (wanted(*router)) continue;
    tell_deleted(*router, before->instances.at(router->index()));
    retire(std::move(router));
  }
  for (std::uint32_t i = 0; i < config_->instances.size(); ++i) {
    Plan plan = make_plan(*config_, i, tracks_proxy(config_->instances[i]), default_link_wait_);
    const auto known = std::ranges::find_if(earlier, [&](const auto& router) {
      return router && router->name() == plan.settings.name;
    });
    if (known != earlier.end() && (*known)->plan().identity == plan.identity) {
      routers_.push_back(std::move(*known));
      routers_.back()->replan(std::move(plan), i);
    } else {
      if (known != earlier.end()) retire(std::move(*known));
      routers_.push_back(std::make_unique<Router>(tools_, *this, std::move(plan), i));
    }
  }
  second_path_.configure(*config_, inputs_.pair_key);
  scripts_.configure(config_, loop_.now());
  review_filter();
  watch_trackers(!watching_);
  arrange_groups();
  handovers_.configure(config_->pair.handover_timeout);
  detection_.use(*config_, routers_);
  pair_.configure(config_->pair, inputs_.pair_key, config_->router_id);
  if (before != config_) compare_anew();
  --untold_;
  tell_all([this](Router& router) {
    router.review_links();
    tell_healths(router);
    if (started_) router.start();
  });
  link_timer_.arm(debounce_.next_change());
  run_scripts();
}

void Node::retire(std::unique_ptr<Router> router) {
  retiring_ = router.get();
  router->stop(false);
  retiring_ = nullptr;
}

void Node::start_routers() {
  started_ = true;
  tell_all([](Router& router) { router.start(); });
}

bool Node::tracks_proxy(const config::VrrpInstance& instance) const {
  return instance.track_proxy.value_or(inputs_.proxy_expected || proxy_.was_announced());
}

Duration Node::start_delay() const {
  const Duration up = runtime::monotonic_now().time_since_epoch();
  return std::max({Duration(0s), config_->startup_delay, config_->delay_after_boot - up});
}

// -- what happens by itself --

void Node::on_beat() {
  const Instant now = loop_.refresh_now();
  check_sleep(now);
  beat_timer_.arm(now + beat);
  flush_log();
  review_proxy();
  sample_links(now);
  if (now < next_renewal_) return;
  next_renewal_ = now + AddressGuard::renew_interval;
  guard_.renew();
  will_.tend();
  second_path_.look();
  keep_disagreements(now);
  mismatches_.expire(now);
  for (const auto& outcome : scripts_.overdue(now)) take_outcome(outcome);
  if (vmacs_.restore()) guard_.renew();
  hold_vmac_sources();
  routes_.restore();
  review_statics();
  files_.retry_folders();
  poll_links();
  forget_notifications();
  run_notifications();
}

// Lines wait for a log daemon that is slower than we are.
void Node::flush_log() {
  if (!log_.flush()) log_timer_.arm_after(5ms);
}

void Node::check_sleep(Instant now) {
  const Duration silence = now - last_beat_;
  if (silence < beat + sleep_shortest) {
    if (silence >= beat) last_beat_ = now;
    return;
  }
  last_beat_ = now;
  const Duration slept = silence - beat;
  log_.print(LogLevel::warning, "this process did not run for {:.3f} s", to_seconds(slept));
  tell_all([slept](Router& router) { router.slept(slept); });
  detection_.slept();
  guard_.renew();
}

bool Node::read_network() {
  bool changed = false;
  bool overrun = false;
  bool routes_may_be_gone = false;  // without a word, with a link or an address
  monitor_.read([&](const linux::NetworkChange& change) {
    using Kind = linux::NetworkChange::Kind;
    if (change.kind == Kind::overrun) {
      overrun = true;
      return;
    }
    if (change.kind == Kind::link || change.kind == Kind::link_gone) log_link(change.link_state);
    changed |= links_.apply(change);
    routes_may_be_gone |= change.kind != Kind::address;
    if (change.kind == Kind::address_removed) {
      guard_.on_removed(change.address, loop_.refresh_now());
    }
  });
  if (overrun) {
    if (const auto done = links_.refresh(netlink_); !done) {
      log_.print(LogLevel::error, "{}", baton::describe(done.error()));
    }
    guard_.renew();
  }
  if (routes_may_be_gone || overrun) {
    if (vmacs_.restore()) guard_.renew();
    routes_.restore();
  }
  if (changed || overrun) {
    second_path_.review_links();
    review_links();
    detection_.note_links();
  }
  return true;
}

// Another link of this machine on the same segment may answer for our address: that is us.
void Node::take_claim(const linux::AddressClaim& claim) {
  if (links_.find(claim.mac)) return;
  witnesses_.on_claim(claim);
  for (const auto& router : routers_) router->report_claim(claim);
}

// Each once an interface: whoever sends them sends them every second.
void Node::log_unknown_router(const linux::VrrpEndpoint& endpoint,
                              const vrrp::ParsedAdvert& parsed) {
  if (!config_->wire.log_unknown_router_ids || !parsed.ok()) return;
  const std::uint8_t id = parsed.advert.virtual_router_id;
  if (!told_unknown_routers_.insert({endpoint.link, id}).second) return;
  log_.print(LogLevel::info, "Unknown VRID({}) received on interface({}). ignoring...", id,
             endpoint.interface);
}

void Node::log_link(const linux::Link& link) {
  const linux::Link* known = links_.find(link.index);
  if (!known || links_.is_usable(*known) == links_.is_usable(link)) return;
  const bool watched = std::ranges::any_of(routers_, [&](const auto& router) {
    return std::ranges::find(router->plan().watched, link.name, &Watched::interface) !=
           router->plan().watched.end();
  });
  if (!watched) return;
  log_.print(LogLevel::info, "Netlink reports {} {}", link.name,
             links_.is_usable(link) ? "up" : "down");
}

void Node::review_proxy() {
  const Instant now = loop_.refresh_now();
  // With a backup that takes over at once there is little sense in waiting.
  proxy_.set_grace(detection_.is_watched() ? ProxyWatch::watched_grace : ProxyWatch::restart_grace);
  proxy_.look(now);
  proxy_timer_.arm(proxy_.deadline());
  const auto health = std::pair(proxy_.health(), proxy_.detail());
  if (health == told_proxy_) return;
  told_proxy_ = health;
  tell_all([&health](Router& router) {
    if (router.tracks_proxy()) router.report_proxy(health.first, health.second);
  });
}

// What is known already, to a router that has just come or got other trackers.
void Node::tell_healths(Router& router) {
  for (std::size_t i = 0; i < router.plan().watched.size(); ++i) {
    const Watched& watched = router.plan().watched[i];
    const auto& tracker = router.instance().trackers()[i];
    if (watched.kind == Watched::Kind::script) {
      const auto health = scripts_.states()[watched.script].health.health();
      if (health == tracker.health) continue;
      router.report_script(watched.script, health, "");
    } else if (watched.kind == Watched::Kind::file) {
      report_file(&router, watched.index);
    } else if (watched.kind == Watched::Kind::process) {
      report_process(&router, watched.index);
    } else if (watched.kind == Watched::Kind::proxy && proxy_.health() != tracker.health) {
      router.report_proxy(proxy_.health(), proxy_.detail());
    } else if (watched.kind == Watched::Kind::bfd &&
               detection_.health(watched.index) != tracker.health) {
      router.report_bfd(watched.index, detection_.health(watched.index), "");
    }
  }
}

void Node::run_scripts() {
  const Instant now = loop_.refresh_now();
  for (const auto& run : scripts_.due(now)) {
    if (run.ticket == 0) {
      log_.print(LogLevel::info, "Track script {} is already running, expect idle - skipping run",
                 config_->scripts[run.script].name);
      continue;
    }
    ipc::ScriptRequest request;
    request.kind = ipc::ScriptRequest::Kind::check;
    request.index = run.script;
    static_cast<void>(channel_.send(ipc::MessageType::run_script, run.ticket, request.encode()));
  }
  script_timer_.arm(scripts_.next_due());
}

void Node::take_outcome(const ScriptSchedule::Outcome& outcome) {
  for (const auto& line : outcome.lines) log_.write(LogLevel::info, line);
  if (!outcome.health_changed) return;
  const ScriptState& state = scripts_.states()[outcome.script];
  const auto health = state.health.health();
  const std::string detail = health == vrrp::Health::down ? describe(*state.last) : "";
  tell_all([&](Router& router) { router.report_script(outcome.script, health, detail); });
}

void Node::on_notice(Router& router, const vrrp::action::Notify& notify) {
  if (&router == retiring_) return;
  const config::VrrpInstance& instance = config_->instances.at(router.index());
  BATON_ASSERT(instance.name == router.name());
  announce_notice(router, notify, instance);
  NotifyQueue& queue = notifications_[router.name()];
  if (notify.notice == vrrp::action::Notice::lower_priority) {
    queue.push_lower_priority(notify.priority, instance.notify, router.index());
  } else if (notify.notice != vrrp::action::Notice::priority) {
    queue.push(notify.notice, notify.priority, instance.notify, router.index());
  }
  run_notifications();
}

void Node::on_transition(Router& router, const vrrp::action::Transition& transition) {
  recorder_.note_transition(router.name(), transition, loop_.refresh_now(), runtime::wall_now());
}

void Node::collect_virtual_addresses() {
  virtual_addresses_.clear();
  for (const auto& instance : config_->instances) {
    if (instance.priority == vrrp::owner_priority) continue;
    for (const auto& one : instance.addresses) {
      virtual_addresses_.push_back(one.prefix.address);
    }
    for (const auto& one : instance.excluded_addresses) {
      virtual_addresses_.push_back(one.prefix.address);
    }
  }
  std::ranges::sort(virtual_addresses_);
}

// Those of instances that are gone stay until all is told.
void Node::forget_notifications() {
  std::erase_if(notifications_, [this](const auto& entry) {
    return entry.second.idle() &&
           std::ranges::none_of(config_->instances, [&entry](const auto& instance) {
             return instance.name == entry.first;
           });
  });
}

void Node::run_notifications() {
  const Instant now = loop_.now();
  const auto run = [&](NotifyQueue& queue) {
    const std::uint64_t ticket = last_notify_ticket_ + 1;
    const auto request = queue.next(ticket, now);
    if (!request) return;
    last_notify_ticket_ = ticket;
    static_cast<void>(channel_.send(ipc::MessageType::run_script, ticket, request->encode()));
  };
  for (auto& [name, queue] : notifications_) run(queue);
  for (auto& [name, queue] : group_notifications_) run(queue);
}

// -- the end --

// Twice, or without yielding: at once.
void Node::begin_stop(bool yield) {
  const bool again = std::exchange(stopping_, true);
  if (!again) log_.write(LogLevel::info, "Stopping");
  start_timer_.cancel();
  script_timer_.cancel();
  if (inputs_.keep_addresses_at_end) {
    guard_.leave_for_good();
    will_.revoke_all();
    routes_.leave_for_good();
    close();
    return;
  }
  if (again) handovers_.end();
  stop_routers(yield && !again);
  review_stop();
}

void Node::review_stop() {
  if (!stopping_ || closing_) return;
  const Instant now = loop_.refresh_now();
  if (stops_at_ != never && stops_at_ > now) {
    stop_timer_.arm(stops_at_);
    return;
  }
  if (stops_at_ != never) stop_others({}, true);
  const bool all_stopped =
      std::ranges::all_of(routers_, [](const auto& router) { return router->stopped(); });
  if (!all_stopped) {
    stop_timer_.arm(now + 5ms);
    return;
  }
  if (!await_handover(now)) return;
  if (stopped_at_ == never) stopped_at_ = now;
  const auto idle = [](const auto& entry) { return entry.second.idle(); };
  const bool told =
      std::ranges::all_of(notifications_, idle) && std::ranges::all_of(group_notifications_, idle);
  if (!told && now - stopped_at_ < notify_stop_patience) {
    stop_timer_.arm(now + 5ms);
    return;
  }
  close();
}

void Node::close() {
  if (std::exchange(closing_, true)) return;
  detection_.close();
  log_.write(LogLevel::info, "Stopped");
  beat_timer_.cancel();
  proxy_timer_.cancel();
  link_timer_.cancel();
  files_.stop();
  if (!inputs_.keep_addresses_at_end) {
    routes_.release(static_holder);
    guard_.release(static_holder);
    vmacs_.release();
  }
  processes_.stop();
  stop_timer_.cancel();
  handovers_.end();
  pair_.end();
  closing_scope_.spawn(end_tasks());
}

runtime::Task<void> Node::end_tasks() {
  loop_.cancel_all();
  co_await scope_.joined();
  loop_.stop();
}

}  // namespace baton::failover
