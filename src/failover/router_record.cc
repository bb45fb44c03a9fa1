// What a router tells the flight recorder of its events.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "failover/router.h"

namespace baton::failover {

namespace {

using Kind = Moment::Kind;
namespace event = vrrp::event;

// Words into the moment itself, without allocation.
template <typename... Args>
void say(Moment& moment, fmt::format_string<Args...> format, Args&&... args) {
  moment.text.fill('\0');
  fmt::format_to_n(moment.text.data(), moment.text.size(), format, std::forward<Args>(args)...);
}

// One function for each event: what is worth keeping of it.
struct Describe {
  const vrrp::Instance& instance;
  bool rejected;
  Moment& moment;

  void operator()(const event::Start&) const { moment.kind = Kind::started; }
  void operator()(const event::AdvertReceived& received) const {
    moment.kind = rejected ? Kind::advert_rejected : Kind::advert_heard;
    moment.address = received.advert->envelope.source;
    moment.priority = received.advert->advert.priority;
  }
  void operator()(const event::TimerDue&) const { moment.kind = Kind::timer; }
  void operator()(const event::TrackerReported& report) const {
    moment.kind = Kind::tracker;
    const auto& tracker = instance.trackers()[report.index];
    say(moment, "{} is {}{}{}", tracker.settings.name, vrrp::name_of(report.health),
        report.detail.empty() ? "" : " ", report.detail);
  }
  void operator()(const event::SourceChanged& change) const {
    moment.kind = Kind::source;
    if (change.source) moment.address = *change.source;
    if (!change.source) say(moment, "none");
  }
  void operator()(const event::Slept& sleep) const {
    moment.kind = Kind::slept;
    say(moment, "{} ms", to_ms(sleep.length));
  }
  void operator()(const event::Reconfigured&) const { moment.kind = Kind::reloaded; }
  void operator()(const event::AddressClaimed& claim) const {
    moment.kind = Kind::claimed;
    moment.address = claim.address;
    const auto& mac = claim.by.bytes;
    say(moment, "by {:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3],
        mac[4], mac[5]);
  }
  void operator()(const event::Stop& stop) const {
    moment.kind = Kind::stop;
    if (stop.yield) say(moment, "after handing over");
  }
  void operator()(const event::GroupMaster&) const {
    moment.kind = Kind::group;
    say(moment, "may be master");
  }
  void operator()(const event::GroupBackup&) const {
    moment.kind = Kind::group;
    say(moment, "is not master");
  }
  void operator()(const event::GroupFault& fault) const {
    moment.kind = Kind::group;
    if (fault.cause.empty()) {
      say(moment, "no fault any more");
    } else {
      say(moment, "{} is in fault", fault.cause);
    }
  }
  void operator()(const event::PeerReported& heard) const {
    moment.kind = Kind::second_path;
    moment.address = heard.report->source;
    say(moment, "is {}, priority {}{}{}", vrrp::name_of(heard.report->state),
        heard.report->effective_priority, heard.report->is_cut ? ", hears nothing" : "",
        heard.report->is_cut && !heard.report->sees ? ", sees nothing" : "");
  }
  void operator()(const event::WitnessReported& answer) const {
    moment.kind = Kind::witness;
    say(moment, "{}: {}", answer.reachable ? "yes" : "no", answer.detail);
  }
  void operator()(const event::LinkReceived&) const { moment.kind = Kind::link_receives; }
  void operator()(const event::MasterWatched& watched) const {
    moment.kind = Kind::detector;
    moment.address = watched.master;
    say(moment, "{}", watched.stagger > 0s ? "watched closely" : "not watched closely");
  }
  void operator()(const event::MasterLost& lost) const {
    moment.kind = Kind::detector;
    moment.address = lost.master;
    say(moment, "silent for {} ms", to_ms(lost.detection));
  }
  void operator()(const event::MasterReachable& master) const {
    moment.kind = Kind::handover;
    say(moment, "master {} be asked to pass", master.reachable ? "can" : "cannot");
  }
  void operator()(const event::Pass&) const {
    moment.kind = Kind::handover;
    say(moment, "told to pass");
  }
  void operator()(const event::TakeOver&) const {
    moment.kind = Kind::handover;
    say(moment, "{}", Moment::told_to_take_over);
  }
  // What other parts of the program may add: its kind is not known here.
  template <typename Other>
  void operator()(const Other&) const {
    moment.kind = Kind::other;
  }
};

// The beat of the second path, several times a second: it would leave no room for anything else.
// So would the looks of one that holds back.
bool is_beat(const vrrp::Actions& actions, bool holds_back) {
  if (actions.empty()) return holds_back;
  return std::ranges::all_of(actions, [](const vrrp::Action& action) {
    return std::holds_alternative<vrrp::action::SendReport>(action) ||
           std::holds_alternative<vrrp::action::Solicit>(action) ||
           std::holds_alternative<vrrp::action::AskWitness>(action);
  });
}

bool says_the_same(const std::optional<vrrp::PeerReport>& before, const vrrp::PeerReport& now) {
  return before && before->run == now.run && before->state == now.state &&
         before->gives_up == now.gives_up && before->is_cut == now.is_cut &&
         before->sees == now.sees && before->effective_priority == now.effective_priority;
}

}  // namespace

void Router::record(const vrrp::Event& event, Instant now, bool rejected,
                    const vrrp::Actions& actions) {
  if (std::holds_alternative<vrrp::event::TimerDue>(event) &&
      is_beat(actions, !instance_.held_back().empty())) {
    return;
  }
  if (std::holds_alternative<vrrp::event::LinkReceived>(event) && actions.empty()) return;
  if (const auto* heard = std::get_if<vrrp::event::PeerReported>(&event)) {
    if (says_the_same(last_report_, *heard->report)) return;
    last_report_ = *heard->report;
  }
  Moment moment;
  moment.at = now;
  moment.due = instance_.deadline();
  std::visit(Describe{instance_, rejected, moment}, event);
  tools_.recorder.note(ring_, moment);
}

void Router::record(Moment::Kind kind, std::uint8_t priority) {
  Moment moment;
  // The clock has just been read for the beat.
  moment.at = on_beat_ ? tools_.loop.now() : tools_.loop.refresh_now();
  moment.kind = kind;
  moment.priority = priority;
  moment.due = instance_.deadline();
  tools_.recorder.note(ring_, moment);
}

}  // namespace baton::failover
