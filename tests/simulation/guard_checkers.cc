// Judgements about the second heartbeat path and the witness: who may not take over, and two
// masters of which one must go.

#include <fmt/format.h>

#include "simulation/checkers.h"

namespace baton::simulation {

namespace {

// As long as an answer of the witness is worth something, and a little longer.
constexpr Duration answer_worth = vrrp::TakeoverGuard::witness_fresh + 200ms;
// Two masters that hear of each other: a link is known to be dead after some seconds, a question to
// a witness is repeated, and then the one that sees less goes.
constexpr Duration rivalry_longest = 20s;

}  // namespace

void Judges::note_facts() {
  disturbed_at_ = around_.now;
  if (!around_.plan.guarded && !around_.plan.paired) return;
  const auto note = [this](Instant& since, bool is_so) {
    if (!is_so) since = never;
    if (is_so && since == never) since = around_.now;
  };
  for (const Host& host : around_.hosts) {
    note(awake_since_[host.index()], host.running() && host.awake());
    note(dark_since_[host.index()], around_.witness_dark[host.index()] > 0);
    for (const Host& other : around_.hosts) {
      note(second_open_since_[other.index()][host.index()],
           around_.network.reaches(Network::second_path, other.index(), host.index()));
    }
  }
}

// Who was told that the master goes need not ask anybody. The words of the log are facts.
void Judges::note_planned(const Host& host, const VirtualRouter& router, const vrrp::Event& event,
                          const vrrp::Actions& actions) {
  bool& planned = planned_[host.index()][router.index];
  const auto* heard = std::get_if<vrrp::event::AdvertReceived>(&event);
  if (heard && heard->advert->advert.priority > 0) planned = false;
  const auto& instance = router.instance;
  const bool is_master = instance.state() == vrrp::State::master && !instance.is_yielding();
  // Known as one by its first advert; a restart, too, ends it without a word.
  Instant& since = master_since_[host.index()][router.index];
  if (!is_master) since = never;
  for (const auto& single : actions) {
    if (const auto* line = std::get_if<vrrp::action::LogLine>(&single)) {
      planned = planned || line->text.contains("Backup received priority 0") ||
                line->text.contains("gave up, as it says on the second path");
    } else if (std::holds_alternative<vrrp::action::SendAdvert>(single)) {
      if (is_master && since == never) since = around_.now;
    }
  }
}

void Judges::judge_takeover(const Host& host, const VirtualRouter& router,
                            const std::string& reason) {
  const std::size_t index = host.index();
  const bool planned = std::exchange(planned_[index][router.index], false);
  if (bad_weather() || reason.starts_with("passed on by")) return;
  if (around_.plan.guard().second_path && !planned) judge_second_path(host, router);
  if (!around_.plan.guard().witness || planned) return;
  judged(Checker::witness);
  const Instant dark = dark_since_[index];
  const bool is_dark = dark != never && around_.now - dark > answer_worth &&
                       awake_since_[index] != never &&
                       around_.now - awake_since_[index] > answer_worth;
  if (!is_dark) return;
  complain(Checker::witness, fmt::format("host {} takes VI_{} over and has not reached the "
                                         "witness for {:.3f} s",
                                         index, router.index + 1, to_seconds(around_.now - dark)));
}

void Judges::judge_second_path(const Host& host, const VirtualRouter& router) {
  const vrrp::TakeoverRules& rules = around_.plan.guard();
  const Duration needed = 4 * rules.heartbeat_interval + 200ms;
  const auto lasts = [&](Instant since) { return since != never && around_.now - since > needed; };
  judged(Checker::second_path);
  // Whom it hears as master on the first path it may preempt: there is no master less for it.
  for (const Host& other : around_.hosts) {
    if (other.index() == host.index() || !other.holds(router.index)) continue;
    if (around_.network.reaches(router.link, other.index(), host.index())) return;
  }
  for (const Host& other : around_.hosts) {
    const std::size_t master = other.index();
    if (master == host.index() || !lasts(master_since_[master][router.index])) continue;
    const vrrp::Instance& rival = other.routers()[router.index].instance;
    if (rival.state() != vrrp::State::master || rival.is_yielding()) continue;
    if (!lasts(awake_since_[master]) || !lasts(awake_since_[host.index()])) continue;
    // A return that had begun while the first path was whole goes on for a moment.
    const bool returns = router.instance.effective_priority() > rival.effective_priority();
    if (returns && around_.now - disturbed_at_ < around_.plan.longest_wait()) continue;
    if (!lasts(second_open_since_[master][host.index()]) || around_.now < clears_at_ + needed) {
      continue;
    }
    complain(Checker::second_path,
             fmt::format("host {} takes VI_{} over from host {}, which the second path tells of",
                         host.index(), router.index + 1, master));
  }
}

// Two that hold although each hears of the other.
void Judges::watch_rivals(std::size_t router) {
  if (!around_.plan.guard().second_path || bad_weather()) return;
  for (const Host& a : around_.hosts) {
    for (const Host& b : around_.hosts) {
      if (a.index() >= b.index() || !a.takes_part() || !b.takes_part()) continue;
      if (!a.holds(router) || !b.holds(router)) continue;
      if (!around_.network.reaches(Network::second_path, a.index(), b.index()) ||
          !around_.network.reaches(Network::second_path, b.index(), a.index())) {
        continue;
      }
      ask_again(router, Checker::second_path,
                rivalry_longest + 2 * std::max(around_.plan.interval, around_.plan.other_interval),
                generation_[router]);
      return;
    }
  }
}

}  // namespace baton::simulation
