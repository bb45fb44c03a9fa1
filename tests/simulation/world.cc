// The loop: the next thing that is due, whatever it is.

#include "simulation/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"

namespace baton::simulation {

namespace {

// So many things at one moment are no world but a loop without end.
constexpr unsigned spins_max = 20'000;
// A world has some hundred thousand events; with so many it is a storm.
constexpr std::uint64_t events_max = 10'000'000;
constexpr std::size_t agenda_max = 50'000;

}  // namespace

World::World(const Script& script, Tally& tally, const RunOptions& options)
    : script_(script),
      plan_(plan_of(script)),
      tally_(tally),
      around_(plan_, tally),
      judges_(around_),
      progress_(script.steps.size()) {
  around_.watcher = &judges_;
  around_.mutant = options.mutant;
  around_.chronicle = options.chronicle;
  if (plan_.paired) around_.pairs = std::make_unique<PairNet>(around_, plan_.seed ^ 0x9a17);
  around_.hosts.reserve(plan_.hosts);
  for (std::size_t i = 0; i < plan_.hosts; ++i) around_.hosts.emplace_back(around_, i);
}

std::optional<Complaint> World::run() {
  ++tally_.worlds[static_cast<std::size_t>(plan_.pace)];
  ++tally_.of_hosts[plan_.hosts];
  tally_.watched_worlds += plan_.watch.enabled ? 1 : 0;
  tally_.guarded_worlds += plan_.guarded ? 1 : 0;
  tally_.paired_worlds += plan_.paired ? 1 : 0;
  judges_.disturbed();
  for (Host& host : around_.hosts) host.start();
  judges_.disturbed();
  while (!judges_.complaint() && around_.now < script_.end) next_event();
  if (!judges_.complaint()) judges_.disturbed();
  tally_.time[static_cast<std::size_t>(plan_.pace)] += around_.now.time_since_epoch();
  for (const Host& host : around_.hosts) {
    for (const auto& router : host.routers()) {
      const auto& rejected = router.instance.counters().rejected;
      for (std::size_t i = 0; i < rejected.size(); ++i) tally_.rejects[i] += rejected[i];
    }
  }
  return judges_.complaint();
}

// At one moment packets come first, then faults, then timers: what was waiting is read before a
// timer is believed.
void World::next_event() {
  const Instant packet = around_.agenda.next();
  const Instant fault = next_step_ < script_.steps.size() ? script_.steps[next_step_].at : never;
  Instant timer = never;
  Host* due = nullptr;
  for (Host& host : around_.hosts) {
    const Instant deadline = host.next_deadline();
    if (deadline >= timer) continue;
    timer = deadline;
    due = &host;
  }
  const Instant next = std::max(around_.now, std::min({packet, fault, timer}));
  if (next > script_.end) {
    around_.now = script_.end;
    return;
  }
  spins_ = next == around_.now ? spins_ + 1 : 0;
  around_.now = next;
  if (++events_ > events_max || around_.agenda.size() > agenda_max) {
    judges_.complain(Checker::progress, "more happens than can be");
  } else if (spins_ > spins_max) {
    judges_.complain(Checker::progress, "time stands still");
  } else if (packet <= next) {
    dispatch(around_.agenda.take());
  } else if (fault <= next) {
    begin(next_step_++);
  } else {
    due->run_due();
  }
  if (plan_.paired) judges_.review_handovers();
}

void World::dispatch(const Item& item) {
  Host& host = around_.hosts[item.host];
  switch (item.kind) {
    case Item::Kind::advert:
      host.hear(item.router, *item.wire);
      return;
    case Item::Kind::claim:
      host.claim(item.router);
      return;
    case Item::Kind::announce:
      around_.neighbour.hears(item.router, item.host, judges_.bad_weather());
      judges_.neighbour_heard(item.router);
      return;
    case Item::Kind::stage:
      stage(item.number);
      return;
    case Item::Kind::expiry:
      host.expire(item.router, item.number);
      return;
    case Item::Kind::silence:
      judges_.session_silent(item);
      return;
    case Item::Kind::judge:
      judges_.due(item);
      return;
    case Item::Kind::bfd:
      host.hear_bfd(item.router, *item.bytes);
      return;
    case Item::Kind::report:
      host.hear_report(item.number);
      return;
    case Item::Kind::witness:
      host.hear_witness(item.router, item.number, item.part == 1);
      return;
    case Item::Kind::link:
      host.sample_links(item.number);
      return;
    case Item::Kind::pair:
      around_.pairs->due(item);
      return;
  }
  BATON_ASSERT(false);
}

void World::begin(std::size_t step) {
  if (around_.chronicle) {
    const Step& one = script_.steps[step];
    around_.tell(fmt::format("-- {} host {} other {} for {} s", name_of(one.fault), one.host,
                             one.other, to_seconds(one.length)));
  }
  stage(step);
}

void World::stage(std::size_t step) {
  Progress& progress = progress_[step];
  const Step& one = script_.steps[step];
  const auto wait = play(one, progress);
  if (progress.stage == 0 && progress.took_effect) {
    ++tally_.faults[static_cast<std::size_t>(one.fault)];
  }
  if (progress.stage > 0) around_.tell(fmt::format("-- {} goes on or ends", name_of(one.fault)));
  ++progress.stage;
  if (!wait) return;
  Item item;
  item.at = around_.now + *wait;
  item.kind = Item::Kind::stage;
  item.number = static_cast<std::uint32_t>(step);
  around_.agenda.add(item);
}

}  // namespace baton::simulation
