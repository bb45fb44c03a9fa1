// Faults that are made of packets: hostile adverts, replayed ones, strangers; and reloads that
// must not be seen.

#include <fmt/format.h>

#include "simulation/world.h"

namespace baton::simulation {

std::optional<Duration> World::play_adverts(const Step& step, Progress& progress) {
  if (step.fault == Fault::stranger) return stranger(step, progress);
  if (step.fault == Fault::replay) return replay(step, progress);
  progress.took_effect = true;
  shoot(step);
  return std::nullopt;
}

// Claims the address at once, answers for it while it is there, and goes without a word.
std::optional<Duration> World::stranger(const Step& step, Progress& progress) {
  const std::size_t router = step.other;
  const bool begins = progress.stage == 0;
  progress.took_effect = true;
  judges_.disturbed();
  if (!begins) {
    --around_.strangers[router];
    return std::nullopt;
  }
  ++around_.strangers[router];
  ++tally_.misled;
  around_.neighbour.hears(router, Neighbour::stranger, judges_.bad_weather());
  judges_.neighbour_heard(router);
  for (const Host& host : around_.hosts) {
    Item item;
    item.at = around_.now + plan_.delay_min;
    item.kind = Item::Kind::claim;
    item.host = static_cast<std::uint8_t>(host.index());
    item.router = static_cast<std::uint8_t>(router);
    around_.agenda.add(item);
  }
  return step.length;
}

// Plain VRRP cannot tell an advert from its copy: as long as copies come, nothing is promised.
std::optional<Duration> World::replay(const Step& step, Progress& progress) {
  constexpr std::uint32_t volleys = 8;
  if (progress.stage == 0 && around_.heard.empty()) return std::nullopt;
  progress.took_effect = true;
  if (progress.stage == 0) judges_.weather(1);
  Random random(step.amount + progress.stage);
  for (Host& host : around_.hosts) {
    const auto [router, wire] = around_.heard[random.below(around_.heard.size())];
    if (!wire ||
        wire->parsed.envelope.source == plan_.address_of(host.index(), plan_.link_of[router])) {
      continue;
    }
    Item item;
    item.at = around_.now + plan_.delay_min;
    item.kind = Item::Kind::advert;
    item.host = static_cast<std::uint8_t>(host.index());
    item.router = static_cast<std::uint8_t>(router);
    item.wire = wire;
    around_.agenda.add(item);
  }
  if (progress.stage < volleys) return step.length / volleys;
  judges_.weather(-1);
  return std::nullopt;
}

// Every way to cut an advert short, every flipped bit, and whole adverts of strangers.
void World::shoot(const Step& step) {
  Host& host = around_.hosts[step.host];
  if (!host.running() || !host.awake()) return;
  for (VirtualRouter& router : host.routers()) {
    const std::size_t other = (step.host + 1) % plan_.hosts;
    const auto source = plan_.address_of(other, router.link);
    const auto destination = router.instance.settings().peers.empty()
                                 ? vrrp::multicast_group(source.family())
                                 : plan_.address_of(step.host, router.link);
    const vrrp::Advert good =
        router.instance.make_advert(static_cast<std::uint8_t>(step.amount % 2 == 0 ? 254 : 0));
    const auto send = [&](const vrrp::Advert& advert, std::uint8_t ttl = vrrp::ip_ttl) {
      Wire wire = make_wire(advert, source, destination, vrrp::ChecksumForm::standard);
      wire.envelope.ttl = ttl;
      shoot_at(host, router.index, wire.bytes, wire.envelope);
    };
    const Wire whole = make_wire(good, source, destination, vrrp::ChecksumForm::standard);
    for (std::size_t size = 0; size < whole.bytes.size(); ++size) {
      shoot_at(host, router.index,
               {whole.bytes.begin(), whole.bytes.begin() + static_cast<std::ptrdiff_t>(size)},
               whole.envelope);
    }
    for (std::size_t bit = 0; bit < 8 * whole.bytes.size(); ++bit) {
      auto bytes = whole.bytes;
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      shoot_at(host, router.index, bytes, whole.envelope);
    }
    vrrp::Advert strange = good;
    strange.virtual_router_id = 99;
    send(strange);
    strange = good;
    strange.version = good.version == 2 ? 3 : 2;
    if (source.is_ipv4() && good.interval <= 40s) send(strange);
    if (!source.is_ipv4() && router.instance.settings().peers.empty()) send(good, 254);
    if (good.version != 2) continue;
    strange = good;
    strange.auth_type = good.auth_type == vrrp::auth_none ? vrrp::auth_password : vrrp::auth_none;
    send(strange);
    strange = good;
    strange.interval = good.interval == 7s ? 8s : 7s;
    send(strange);
    if (good.auth_type != vrrp::auth_password) continue;
    strange = good;
    strange.password = vrrp::make_password("secreT");
    send(strange);
  }
}

void World::shoot_at(Host& host, std::size_t router, const std::vector<std::uint8_t>& bytes,
                     const vrrp::Envelope& envelope) {
  // The socket's side has nothing to give to a machine that the packet does not name.
  const vrrp::ParsedAdvert parsed = read_wire(bytes, envelope);
  const VirtualRouter& one = host.routers()[router];
  const vrrp::Instance& machine = one.instance;
  const auto state = machine.state();
  const auto deadline = machine.deadline();
  const auto priority = machine.effective_priority();
  const auto master = machine.master();
  const auto since = machine.since();
  const std::uint64_t adverts = one.adverts;
  const std::uint64_t announced = tally_.announcements;
  const bool held = host.holds(router);
  const bool wished = machine.wants_master();
  host.hear_parsed(router, parsed);
  judges_.judged(Checker::hostile);
  if (machine.state() == state && machine.deadline() == deadline &&
      machine.effective_priority() == priority && machine.master() == master &&
      machine.since() == since && one.adverts == adverts && tally_.announcements == announced &&
      host.holds(router) == held && machine.wants_master() == wished) {
    return;
  }
  judges_.complain(Checker::hostile,
                   fmt::format("a hostile advert of {} bytes had an effect on host {}",
                               bytes.size(), host.index()));
}

void World::reload_unchanged(Host& host) {
  if (!host.takes_part()) return;
  std::array<vrrp::State, routers_max> states{};
  std::array<Instant, routers_max> sinces{};
  std::array<Instant, routers_max> deadlines{};
  std::array<std::vector<net::IpAddress>, routers_max> kernels;
  for (const auto& router : host.routers()) {
    states[router.index] = router.instance.state();
    sinces[router.index] = router.instance.since();
    deadlines[router.index] = router.instance.deadline();
    kernels[router.index] = router.kernel;
  }
  const std::uint64_t announced = tally_.announcements;
  host.reload();
  judges_.judged(Checker::reload);
  bool visible = tally_.announcements != announced;
  for (const auto& router : host.routers()) {
    visible |= router.instance.state() != states[router.index];
    visible |= router.instance.since() != sinces[router.index];
    visible |= router.kernel != kernels[router.index];
    // A backup waits for its master no longer and no shorter than before.
    visible |= router.instance.state() == vrrp::State::backup &&
               router.instance.deadline() != deadlines[router.index];
  }
  if (visible) {
    judges_.complain(
        Checker::reload,
        fmt::format("a reload of the unchanged file was seen on host {}", host.index()));
  }
}

}  // namespace baton::simulation
