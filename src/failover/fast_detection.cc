// From the configuration and the links to sessions, and back.

#include "failover/fast_detection.h"

#include <algorithm>

namespace baton::failover {

namespace {

bfd::ConfiguredSession to_session(const config::BfdInstance& instance) {
  bfd::ConfiguredSession session;
  session.path.local = instance.source.value_or(net::IpAddress::any(instance.neighbor.family()));
  session.path.remote = instance.neighbor;
  session.path.multihop = instance.multihop;
  session.path.hop_limit = instance.hop_limit;
  session.path.hops_max = instance.hops_max;
  session.settings.min_tx = instance.min_tx;
  session.settings.min_rx = instance.min_rx;
  session.settings.idle_tx = instance.idle_tx;
  session.settings.multiplier = instance.multiplier;
  session.settings.passive = instance.passive;
  return session;
}

}  // namespace

FastDetection::FastDetection(runtime::Loop& loop, Log& log, LinkTable& links, std::uint64_t seed,
                             Report report)
    : loop_(loop),
      log_(log),
      links_(links),
      sessions_(loop, log, *this, seed),
      report_(std::move(report)),
      timer_(loop, [this] { review(); }) {}

void FastDetection::use(const config::Failover& config,
                        const std::vector<std::unique_ptr<Router>>& routers) {
  if (closed_) return;
  config_ = &config;
  std::vector<RouterFace*> faces;
  for (const auto& router : routers) faces.push_back(router.get());
  watch_.use(faces);
  std::vector<bfd::ConfiguredSession> wanted;
  wanted.reserve(config.bfd_instances.size());
  for (const auto& instance : config.bfd_instances) wanted.push_back(to_session(instance));
  sessions_.configure(wanted);
  timer_.arm(loop_.now());
}

void FastDetection::note(const Router& router) {
  if (watch_.is_news(router) && !timer_.armed()) timer_.arm(loop_.now());
}

void FastDetection::review() {
  if (closed_) return;
  auto wanted = watch_.review([this](const RouterFace& router) { return place_of(router); });
  sessions_.watch(wanted.wishes, std::move(wanted.rules));
  watch_.tell_watched(table());
}

void FastDetection::on_session(const bfd::TableEntry& entry,
                               const bfd::action::SessionChanged& change) {
  if (change.from == bfd::State::up || change.to == bfd::State::up) {
    log_.print(LogLevel::info, "BFD session with {} is {} ({})", entry.path.remote.text(),
               bfd::name_of(change.to), bfd::describe(change.cause));
  }
  if (entry.configured) report(entry, change);
  watch_.on_session(table(), entry, change);
}

void FastDetection::report(const bfd::TableEntry& entry,
                           const bfd::action::SessionChanged& change) {
  if (change.from != bfd::State::up && change.to != bfd::State::up) return;
  const bool up = change.to == bfd::State::up;
  report_(static_cast<std::uint32_t>(*entry.configured), up ? vrrp::Health::up : vrrp::Health::down,
          up ? "" : bfd::describe(change.cause));
}

vrrp::Health FastDetection::health(std::uint32_t index) const {
  for (const auto& entry : table().entries()) {
    if (entry.configured == index && entry.session.state() == bfd::State::up) {
      return vrrp::Health::up;
    }
  }
  return vrrp::Health::down;
}

MasterWatch::Place FastDetection::place_of(const RouterFace& face) const {
  const auto& router = static_cast<const Router&>(face);
  const auto& instance = config_->instances[router.index()];
  const linux::Link* link = links_.find(router.plan().identity.interface);
  return {link ? link->index : 0,
          instance.fast_failover ? *instance.fast_failover : config_->fast_failover};
}

void FastDetection::close() {
  closed_ = true;
  timer_.cancel();
  sessions_.close();
}

}  // namespace baton::failover
