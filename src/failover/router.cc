// Events into the machine, actions out of it.

#include "failover/router.h"

#include <algorithm>

namespace baton::failover {

namespace {

// The goodbye of one that dies is signed beforehand: so far ahead of the adverts that they do not
// overtake it until it is signed anew.
constexpr std::uint32_t goodbye_lead = 4096;

}  // namespace

Router::Router(Tools& tools, Owner& owner, Plan plan, std::uint32_t index)
    : tools_(tools),
      owner_(owner),
      plan_(std::move(plan)),
      index_(index),
      instance_(plan_.settings),
      timer_(tools.loop, [this] { on_timer(); }),
      extra_timer_(tools.loop, [this] { announce_elsewhere(); }),
      ring_(tools.recorder.ring_of(plan_.settings.name)) {
  review_links();
}

Router::~Router() {
  release_port(port_);
  release_port(plain_port_);
  tools_.routes.release(name());
  tools_.guard.release(name());
  tools_.will.revoke(name());
  tools_.witnesses.forget(name());
}

void Router::start() {
  review_sysctl();
  handle(vrrp::event::Start{}, tools_.loop.refresh_now());
  // Peers of a unicast instance learn who we are before the first advert needs it.
  const auto& source = instance_.source();
  if (plan_.identity.unicast && source) {
    tools_.announcer.announce(name(), {{*source, plan_.identity.interface}}, 1, {});
  }
}

void Router::review_sysctl() {
  if (!plan_.promote_secondaries || plan_.identity.interface.empty()) return;
  if (const auto done = linux::promote_secondaries(plan_.identity.interface); !done) {
    tools_.log.print(LogLevel::warning, "({}) {} of {}", name(), baton::describe(done.error()),
                     plan_.identity.interface);
  }
}

void Router::stop(bool yield) {
  handle(vrrp::event::Stop{yield}, tools_.loop.refresh_now());
}

void Router::slept(Duration length) {
  handle(vrrp::event::Slept{length}, tools_.loop.now());
}

void Router::review_links() {
  const Instant now = tools_.loop.now();
  for (std::size_t i = 0; i < plan_.watched.size(); ++i) {
    if (plan_.watched[i].kind != Watched::Kind::interface) continue;
    const linux::Link* link = tools_.links.find(plan_.watched[i].interface);
    // A virtual interface has no carrier of its own: that of its parent is watched beside it.
    const bool usable = link && (is_vmac(link->name) ? link->up : tools_.links.is_usable(*link));
    const bool believed = tools_.debounce.look(plan_.watched[i].interface, usable, now);
    const auto health = believed ? vrrp::Health::up : vrrp::Health::down;
    if (instance_.trackers()[i].health == health) continue;
    handle(vrrp::event::TrackerReported{i, health, link ? "" : "does not exist"}, now);
  }
  auto source = plan_.identity.source;
  if (!source) {
    source =
        tools_.links.own_address(plan_.identity.interface, plan_.identity.multicast_group.family(),
                                 owner_.virtual_addresses());
  } else if (plan_.track_source && !tools_.links.has_address(*source)) {
    source.reset();
  }
  if (source != instance_.source()) handle(vrrp::event::SourceChanged{source}, now);
  review_port();
}

void Router::release_port(std::shared_ptr<AdvertPort>& port) {
  if (port) port->unlisten(plan_.identity.virtual_router_id, this);
  port.reset();
}

void Router::review_port() {
  linux::VrrpEndpoint wanted;
  // What carries the virtual MAC comes to the virtual interface alone, also when another node sent
  // it.
  wanted.interface =
      plan_.transmit_interface.empty() ? plan_.identity.interface : plan_.transmit_interface;
  if (const linux::Link* link = tools_.links.find(wanted.interface)) wanted.link = link->index;
  const bool multicast = !plan_.identity.unicast;
  if (multicast) {
    wanted.receive_address = plan_.identity.multicast_group;
  } else if (instance_.source()) {
    wanted.receive_address = *instance_.source();
  } else {
    return;
  }
  if (wanted.link == 0 && (multicast || !wanted.interface.empty())) return;
  if (has_authentication_header()) wanted.protocol = vrrp::authentication_protocol;
  if (port_ && port_->endpoint() == wanted) return;
  release_port(port_);
  release_port(plain_port_);
  auto port = tools_.ports.acquire(wanted);
  const int cause = port ? 0 : port.error().errno_value;
  if (cause != 0 && cause != port_error_) {
    tools_.log.print(LogLevel::error, "({}) cannot open the VRRP socket on {}: {}", name(),
                     wanted.interface, baton::describe(port.error()));
  }
  port_error_ = cause;
  if (!port) return;
  port_ = *port;
  port_->listen(plan_.identity.virtual_router_id, this);
  if (!has_authentication_header()) return;
  wanted.protocol = vrrp::ip_protocol;
  if (auto plain = tools_.ports.acquire(wanted)) {
    plain_port_ = *plain;
    plain_port_->listen(plan_.identity.virtual_router_id, this);
  }
}

void Router::report_script(std::uint32_t script, vrrp::Health health, const std::string& detail) {
  for (std::size_t i = 0; i < plan_.watched.size(); ++i) {
    const Watched& watched = plan_.watched[i];
    if (watched.kind != Watched::Kind::script || watched.script != script) continue;
    handle(vrrp::event::TrackerReported{i, health, detail}, tools_.loop.now());
  }
}

void Router::report_watched(Watched::Kind kind, std::uint32_t index, vrrp::Health health,
                            const std::string& detail, int value) {
  for (std::size_t i = 0; i < plan_.watched.size(); ++i) {
    if (plan_.watched[i].kind != kind || plan_.watched[i].index != index) continue;
    const vrrp::Tracker& known = instance_.trackers()[i];
    if (known.health == health && known.value == value && known.detail == detail) continue;
    handle(vrrp::event::TrackerReported{i, health, detail, value}, tools_.loop.now());
  }
}

void Router::report_claim(const linux::AddressClaim& claim) {
  for (const auto& held : plan_.held) {
    const linux::Link* link = tools_.links.find(held.device);
    if (held.prefix.address != claim.address || !link || link->index != claim.link) continue;
    handle(vrrp::event::AddressClaimed{claim.address, claim.mac}, tools_.loop.now());
    return;
  }
}

void Router::report_proxy(vrrp::Health health, const std::string& detail) {
  for (std::size_t i = 0; i < plan_.watched.size(); ++i) {
    if (plan_.watched[i].kind != Watched::Kind::proxy) continue;
    handle(vrrp::event::TrackerReported{i, health, detail}, tools_.loop.now());
  }
}

void Router::report_bfd(std::uint32_t session, vrrp::Health health, const std::string& detail) {
  for (std::size_t i = 0; i < plan_.watched.size(); ++i) {
    const Watched& watched = plan_.watched[i];
    if (watched.kind != Watched::Kind::bfd || watched.index != session) continue;
    handle(vrrp::event::TrackerReported{i, health, detail}, tools_.loop.now());
  }
}

void Router::replan(Plan plan, std::uint32_t index) {
  index_ = index;
  const bool same = plan.settings == plan_.settings && plan.held == plan_.held &&
                    plan.routes.same_as(plan_.routes);
  plan_ = std::move(plan);
  built_.reset();
  if (same) return;
  // AH or not is another socket.
  review_port();
  handle(vrrp::event::Reconfigured{plan_.settings}, tools_.loop.now());
}

void Router::on_packet(const vrrp::ParsedAdvert& parsed, Instant arrived) {
  owner_.check_sleep(tools_.loop.now());
  const vrrp::Counters before = instance_.counters();
  handle(vrrp::event::AdvertReceived{&parsed}, std::max(arrived, instance_.since()));
  const vrrp::Counters& after = instance_.counters();
  AdvertVerdict verdict;
  for (std::size_t i = 0; i < vrrp::reject_count; ++i) {
    if (after.rejected[i] != before.rejected[i]) verdict.reject = static_cast<vrrp::Reject>(i);
  }
  // A machine that takes no part (INIT, FAULT) has not judged it.
  if (!verdict.reject && after.adverts_received == before.adverts_received) return;
  verdict.addresses_differ = after.address_mismatches != before.address_mismatches;
  owner_.on_advert(*this, parsed, verdict);
}

// A takeover is decided only when no advert is left unread.
void Router::on_timer() {
  Instant now = tools_.loop.refresh_now();
  owner_.check_sleep(now);
  if (instance_.state() == vrrp::State::backup) {
    if (port_) port_->drain();
    if (plan_.settings.takeover.second_path) tools_.second_path.drain();
  }
  now = tools_.loop.now();
  if (instance_.deadline() <= now) {
    handle(vrrp::event::TimerDue{}, now);
  } else {
    timer_.arm(instance_.deadline());
  }
}

void Router::report_peer(const vrrp::PeerReport& report) {
  handle(vrrp::event::PeerReported{&report}, tools_.loop.refresh_now());
}

void Router::report_link_receives() {
  handle(vrrp::event::LinkReceived{}, tools_.loop.now());
}

bool Router::tracks_proxy() const {
  return std::ranges::any_of(
      plan_.watched, [](const Watched& watched) { return watched.kind == Watched::Kind::proxy; });
}

namespace {

// Nothing but an advert that others need not see at once.
bool is_beat(const vrrp::Event& event, const vrrp::Actions& actions) {
  return std::holds_alternative<vrrp::event::TimerDue>(event) &&
         std::ranges::all_of(actions, [](const vrrp::Action& action) {
           return std::holds_alternative<vrrp::action::SendAdvert>(action) ||
                  std::holds_alternative<vrrp::action::SendReport>(action) ||
                  std::holds_alternative<vrrp::action::Probe>(action);
         });
}

}  // namespace

void Router::handle(const vrrp::Event& event, Instant now) {
  const std::uint64_t rejected = instance_.counters().rejected_total();
  const auto state = instance_.state();
  const auto master = instance_.master();
  const auto source = instance_.source();
  const auto actions = instance_.handle(event, now);
  record(event, now, instance_.counters().rejected_total() != rejected, actions);
  on_beat_ = is_beat(event, actions);
  for (const auto& single : actions) {
    std::visit([&](const auto& what) { apply(what); }, single);
  }
  timer_.arm(instance_.deadline());
  owner_.on_handled(*this, state != instance_.state() || master != instance_.master() ||
                               source != instance_.source());
}

void Router::apply(const vrrp::action::SendAdvert& send) {
  if (!instance_.source()) return;
  record(Moment::Kind::advert_sent, send.priority);
  if (!plan_.identity.unicast) {
    send_to(plan_.identity.multicast_group, send);
  } else {
    for (const auto& peer : plan_.settings.peers) send_to(peer.address, send);
  }
  if (send.sequence > 0 && instance_.holds_addresses() &&
      send.sequence + goodbye_lead / 2 > goodbye_sequence_) {
    tools_.will.leave(name(), make_bequest());
  }
}

Bequest::Goodbye Router::make_packet(const net::IpAddress& destination,
                                     const vrrp::action::SendAdvert& send) {
  if (++packet_id_ == 0) packet_id_ = 1;
  const auto& source = *instance_.source();
  const std::uint8_t ttl = plan_.identity.unicast ? plan_.unicast_ttl : vrrp::ip_ttl;
  auto bytes = vrrp::build_message(instance_.make_advert(send.priority), source, destination,
                                   instance_.checksum_form());
  instance_.sign(bytes, source, runtime::wall_now());
  if (has_authentication_header()) {
    bytes = vrrp::build_authenticated_packet(bytes, source, destination, packet_id_, ttl,
                                             send.sequence, plan_.settings.password);
  } else if (source.is_ipv4()) {
    bytes = vrrp::build_ipv4_packet(bytes, source, destination, packet_id_, ttl);
  }
  return {source, destination, ttl, std::move(bytes)};
}

void Router::send_to(const net::IpAddress& destination, const vrrp::action::SendAdvert& send) {
  review_port();
  if (!port_) return;
  const auto packet = make_advert(destination, send);
  if (on_beat_) {
    port_->post(*this, packet);
  } else {
    on_sent(destination, port_->send(packet));
  }
}

// Beat after beat it is the same one, unless it is signed with the time or a number.
linux::OutgoingPacket Router::make_advert(const net::IpAddress& destination,
                                          const vrrp::action::SendAdvert& send) {
  const auto form = instance_.checksum_form();
  const bool same = built_ && !plan_.settings.hmac.enabled() && !has_authentication_header() &&
                    built_->priority == send.priority && built_->form == form &&
                    built_->packet.source == *instance_.source() &&
                    built_->packet.destination == destination;
  if (!same) {
    built_ = Built{send.priority, form, make_packet(destination, send)};
  } else if (destination.is_ipv4()) {
    if (++packet_id_ == 0) packet_id_ = 1;
    vrrp::renumber_ipv4_packet(built_->packet.bytes, packet_id_);
  }
  const auto& made = built_->packet;
  return {made.bytes, made.source, made.destination, made.hop_limit};
}

void Router::on_sent(const net::IpAddress& destination, const Status& status) {
  const int cause = status ? 0 : status.error().errno_value;
  if (cause != 0 && cause != send_error_) {
    tools_.log.print(LogLevel::warning, "({}) {} to {}", name(), baton::describe(status.error()),
                     destination.text());
  }
  send_error_ = cause;
}

void Router::apply(const vrrp::action::AddAddresses&) {
  tools_.guard.hold(name(), own_held());
  tools_.will.leave(name(), make_bequest());
  if (!plan_.routes.routes.empty()) log_detail("setting Virtual Routes");
  if (!plan_.routes.rules.empty()) log_detail("setting Virtual Rules");
  tools_.routes.hold(name(), plan_.routes);
  if (plan_.vmac.announce_interval > 0s) extra_timer_.arm_after(plan_.vmac.announce_interval);
  record(Moment::Kind::addresses_added);
}

// A route with a virtual source goes before its source.
void Router::apply(const vrrp::action::RemoveAddresses&) {
  extra_timer_.cancel();
  if (!plan_.routes.rules.empty()) log_detail("removing Virtual Rules");
  if (!plan_.routes.routes.empty()) log_detail("removing Virtual Routes");
  tools_.routes.release(name());
  tools_.guard.release(name());
  tools_.will.revoke(name());
  record(Moment::Kind::addresses_removed);
}

void Router::apply(const vrrp::action::Announce& announce) {
  std::vector<Announcer::Target> targets;
  targets.reserve(plan_.held.size());
  for (const auto& held : plan_.held) targets.push_back({held.prefix.address, held.device});
  tools_.announcer.announce(name(), targets, announce.repeat, plan_.pacing);
  record(Moment::Kind::announced);
}

void Router::apply(const vrrp::action::Probe&) {
  const auto& held = plan_.held.front();
  if (!instance_.source()) return;
  tools_.announcer.probe({held.prefix.address, held.device}, *instance_.source(),
                         plan_.identity.multicast_group);
}

void Router::apply(const vrrp::action::AskWitness&) {
  record(Moment::Kind::witness_asked);
  const WitnessDesk::Question question{
      plan_.guard.witnesses, plan_.settings.takeover.witness_timeout, plan_.identity.interface,
      instance_.source().value_or(net::IpAddress{})};
  if (question.witnesses.empty()) return;
  tools_.witnesses.ask(name(), question, [this](bool reachable, const std::string& detail) {
    const auto before = instance_.guard().witness_answers();
    if (before != reachable && (before || !reachable)) {
      tools_.log.print(reachable ? LogLevel::info : LogLevel::warning, "({}) witness {}: {}",
                       name(), reachable ? "answers again" : "does not answer", detail);
    }
    handle(vrrp::event::WitnessReported{reachable, detail}, tools_.loop.refresh_now());
  });
}

void Router::apply(const vrrp::action::Solicit&) {
  if (!instance_.source()) return;
  tools_.announcer.solicit(plan_.identity.interface, *instance_.source());
}

void Router::apply(const vrrp::action::SendReport&) {
  tools_.second_path.send(plan_.guard, instance_.make_report(tools_.loop.now()));
}

void Router::apply(const vrrp::action::LogLine& line) {
  if (line.detail && !tools_.log_detail) return;
  tools_.log.write(line.level, line.text);
}

Bequest Router::make_bequest() {
  Bequest bequest;
  for (const auto& held : own_held()) {
    const linux::Link* link = tools_.links.find(held.device);
    if (link) bequest.addresses.push_back({link->index, held.prefix});
  }
  const auto& source = instance_.source();
  if (!source || !port_) return bequest;
  bequest.endpoint = port_->endpoint();
  const auto say_goodbye_to = [&](const net::IpAddress& destination) {
    bequest.goodbyes.push_back(make_packet(destination, {0, goodbye_sequence_}));
  };
  if (has_authentication_header()) {
    goodbye_sequence_ = std::min(instance_.sequence(), vrrp::last_sequence - goodbye_lead);
    goodbye_sequence_ += goodbye_lead;
  }
  if (!plan_.identity.unicast) say_goodbye_to(plan_.identity.multicast_group);
  for (const auto& peer : plan_.settings.peers) say_goodbye_to(peer.address);
  return bequest;
}

bool Router::is_vmac(const std::string& device) const {
  const auto& links = plan_.vmac.links;
  return std::ranges::find(links, device, &config::VmacLink::name) != links.end();
}

// garp_extra_if: switches forget where the MAC of a link is that sends no adverts.
void Router::announce_elsewhere() {
  if (!instance_.holds_addresses() || plan_.vmac.announce_interval <= 0s) return;
  const std::string& adverts_leave =
      plan_.transmit_interface.empty() ? plan_.identity.interface : plan_.transmit_interface;
  std::vector<Announcer::Target> targets;
  for (const auto& held : plan_.held) {
    const bool wanted = is_vmac(held.device) || plan_.vmac.announce_everywhere;
    if (held.device == adverts_leave || !wanted) continue;
    targets.push_back({held.prefix.address, held.device});
  }
  tools_.announcer.announce(name(), targets, 1, plan_.pacing);
  extra_timer_.arm_after(plan_.vmac.announce_interval);
}

void Router::log_detail(const char* what) {
  if (tools_.log_detail) tools_.log.print(LogLevel::info, "({}) {}", name(), what);
}

std::vector<HeldAddress> Router::own_held() const {
  std::vector<HeldAddress> held = plan_.held;
  if (plan_.settings.priority != vrrp::owner_priority) return held;
  std::erase_if(held, [&](const HeldAddress& address) {
    const linux::Link* link = tools_.links.find(address.device);
    const auto* found =
        link ? tools_.links.find_address(link->index, address.prefix.address) : nullptr;
    return found && found->permanent;
  });
  return held;
}

}  // namespace baton::failover
