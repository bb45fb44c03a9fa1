// Wrong virtual routers: what goes into the machine or comes out of it is altered.

#include <algorithm>
#include <functional>

#include "simulation/mutants.h"

namespace baton::simulation {

namespace {

using vrrp::Actions;
using vrrp::Event;
using vrrp::Instance;
namespace action = vrrp::action;
namespace event = vrrp::event;

template <typename Kind>
std::size_t forget(Actions& actions) {
  return std::erase_if(actions,
                       [](const vrrp::Action& one) { return std::holds_alternative<Kind>(one); });
}

template <typename Kind>
bool has(const Actions& actions) {
  return std::ranges::any_of(
      actions, [](const vrrp::Action& one) { return std::holds_alternative<Kind>(one); });
}

// -- what goes into the machine --

// A master that does not listen: two of them stay.
struct DeafMaster : Mutant {
  bool lets(const Instance& instance, Event& told) override {
    return instance.state() != vrrp::State::master || instance.is_yielding() ||
           !std::holds_alternative<event::AdvertReceived>(told);
  }
};

struct NeverTakesOver : Mutant {
  void settles(vrrp::Settings& settings) override { settings.down_timer_adverts = 60'000; }
};

struct IgnoresTrackers : Mutant {
  bool lets(const Instance& instance, Event& told) override {
    auto* report = std::get_if<event::TrackerReported>(&told);
    if (report && instance.state() != vrrp::State::init) report->health = vrrp::Health::up;
    return true;
  }
};

struct IgnoresWeights : Mutant {
  bool lets(const Instance&, Event& told) override {
    auto* report = std::get_if<event::TrackerReported>(&told);
    if (report && report->index == 1) report->health = vrrp::Health::up;
    return true;
  }
};

struct NeverPreempts : Mutant {
  void settles(vrrp::Settings& settings) override { settings.nopreempt = true; }
};

// Takes the password for granted.
struct TrustsPasswords : Mutant {
  bool lets(const Instance& instance, Event& told) override {
    auto* received = std::get_if<event::AdvertReceived>(&told);
    if (!received) return true;
    forged_ = *received->advert;
    forged_.advert.password = instance.settings().password;
    forged_.advert.auth_type = instance.settings().auth_type;
    received->advert = &forged_;
    return true;
  }
  vrrp::ParsedAdvert forged_;
};

struct TrustsChecksums : Mutant {
  bool lets(const Instance&, Event& told) override {
    auto* received = std::get_if<event::AdvertReceived>(&told);
    if (!received || !received->advert->problems.has(vrrp::Problem::checksum)) return true;
    forged_ = *received->advert;
    forged_.problems = {};
    received->advert = &forged_;
    return true;
  }
  vrrp::ParsedAdvert forged_;
};

struct SleepsUnnoticed : Mutant {
  bool lets(const Instance&, Event& told) override {
    return !std::holds_alternative<event::Slept>(told);
  }
};

struct IgnoresPriorityZero : Mutant {
  bool lets(const Instance&, Event& told) override {
    const auto* received = std::get_if<event::AdvertReceived>(&told);
    return !received || received->advert->advert.priority != 0;
  }
};

struct StopsAtOnce : Mutant {
  bool lets(const Instance&, Event& told) override {
    if (auto* stop = std::get_if<event::Stop>(&told)) stop->yield = false;
    return true;
  }
};

struct NeverStops : Mutant {
  bool lets(const Instance&, Event& told) override {
    return !std::holds_alternative<event::Stop>(told);
  }
};

struct DeafToGroup : Mutant {
  bool lets(const Instance&, Event& told) override {
    return !std::holds_alternative<event::GroupBackup>(told);
  }
};

struct FaultOfOne : Mutant {
  bool lets(const Instance&, Event& told) override {
    return !std::holds_alternative<event::GroupFault>(told);
  }
};

struct SlowToBelieve : Mutant {
  bool lets(const Instance& instance, Event& told) override {
    auto* lost = std::get_if<event::MasterLost>(&told);
    if (lost) lost->detection = 2 * instance.settings().advert_interval;
    return true;
  }
};

// Tells the world that its timer is due, for ever.
struct Hasty : Mutant {
  bool lets(const Instance& instance, Event& told) override {
    return !std::holds_alternative<event::TimerDue>(told) ||
           instance.state() != vrrp::State::master || ++beats_ < 100;
  }
  unsigned beats_ = 0;
};

// -- what comes out of it --

struct KeepsAddresses : Mutant {
  void alters(const Instance&, const Event&, Actions& actions) override {
    forget<action::RemoveAddresses>(actions);
  }
};

struct AddsNothing : Mutant {
  void alters(const Instance&, const Event&, Actions& actions) override {
    forget<action::AddAddresses>(actions);
  }
};

struct TellsNobody : Mutant {
  void alters(const Instance&, const Event&, Actions& actions) override {
    forget<action::Notify>(actions);
  }
};

struct TellsTwice : Mutant {
  void alters(const Instance&, const Event&, Actions& actions) override {
    const auto told = std::ranges::find_if(actions, [](const vrrp::Action& one) {
      return std::holds_alternative<action::Notify>(one);
    });
    if (told != actions.end()) actions.push_back(vrrp::Action(*told));
  }
};

struct TellsTooEarly : Mutant {
  void alters(const Instance&, const Event&, Actions& actions) override {
    std::ranges::sort(actions, std::greater<>(), [](const vrrp::Action& one) {
      return std::holds_alternative<action::Notify>(one);
    });
  }
};

struct NeverAnnounces : Mutant {
  void alters(const Instance&, const Event&, Actions& actions) override {
    forget<action::Announce>(actions);
  }
};

// Announces when it becomes master, and never after a conflict.
struct SilentSurvivor : Mutant {
  void alters(const Instance&, const Event&, Actions& actions) override {
    if (!has<action::Transition>(actions)) forget<action::Announce>(actions);
  }
};

struct Stutters : Mutant {
  void alters(const Instance& instance, const Event&, Actions& actions) override {
    if (instance.state() != vrrp::State::master || !has<action::SendAdvert>(actions)) return;
    actions.emplace_back(action::SendAdvert{instance.effective_priority()});
  }
};

// One in three adverts is not sent: nobody takes over, nobody notices.
struct SkipsBeats : Mutant {
  void alters(const Instance&, const Event& told, Actions& actions) override {
    if (!std::holds_alternative<event::TimerDue>(told) || has<action::Transition>(actions)) return;
    if (has<action::SendAdvert>(actions) && ++beats_ % 3 == 0) forget<action::SendAdvert>(actions);
  }
  unsigned beats_ = 0;
};

struct LoudReload : Mutant {
  void alters(const Instance& instance, const Event& told, Actions& actions) override {
    if (!std::holds_alternative<event::Reconfigured>(told)) return;
    if (instance.state() == vrrp::State::master) actions.emplace_back(action::Announce{1});
  }
};

struct OldAddresses : Mutant {
  void alters(const Instance&, const Event& told, Actions& actions) override {
    if (std::holds_alternative<event::Reconfigured>(told)) forget<action::AddAddresses>(actions);
  }
};

// A backup that speaks, which no backup does; not at every advert, for that would be a storm.
struct ChattyBackup : Mutant {
  void alters(const Instance& instance, const Event& told, Actions& actions) override {
    const auto* received = std::get_if<event::AdvertReceived>(&told);
    if (instance.state() != vrrp::State::backup || !received) return;
    if (received->advert->advert.priority == instance.master_priority() && ++heard_ % 10 == 0) {
      actions.emplace_back(action::SendAdvert{0});
    }
  }
  unsigned heard_ = 0;
};

// Becomes master of its own accord now and then, and is told off.
struct Restless : Mutant {
  bool lets(const Instance& instance, Event& told) override {
    const auto* received = std::get_if<event::AdvertReceived>(&told);
    if (!received || instance.state() != vrrp::State::backup || ++heard_ % 50 != 0) return true;
    forged_ = *received->advert;
    forged_.advert.priority = 0;
    if (forged_.problems.empty()) told = event::AdvertReceived{&forged_};
    return true;
  }
  unsigned heard_ = 0;
  vrrp::ParsedAdvert forged_;
};

template <typename Kind>
std::unique_ptr<Mutant> make() {
  return std::make_unique<Kind>();
}

}  // namespace

const std::vector<MutantKind>& machine_mutants() {
  static const std::vector<MutantKind> kinds{
      {"deaf_master", "a master does not hear adverts", Checker::one_holder, make<DeafMaster>},
      {"never_takes_over", "the master-down time never ends", Checker::some_holder,
       make<NeverTakesOver>},
      {"ignores_weights", "a weighted tracker has no effect", Checker::right_master,
       make<IgnoresWeights>},
      {"never_preempts", "the better node never takes over", Checker::right_master,
       make<NeverPreempts>},
      {"restless", "a backup takes over now and then", Checker::calm, make<Restless>},
      {"keeps_addresses", "addresses are never removed", Checker::kernel, make<KeepsAddresses>},
      {"adds_nothing", "addresses are never added", Checker::kernel, make<AddsNothing>},
      {"old_addresses", "a reload does not change addresses", Checker::kernel, make<OldAddresses>},
      {"tells_nobody", "no notification", Checker::notices, make<TellsNobody>},
      {"tells_twice", "notifications are doubled", Checker::notices, make<TellsTwice>},
      {"tells_too_early", "notifications come before the change", Checker::notices,
       make<TellsTooEarly>},
      {"ignores_trackers", "a failed tracker is no fault", Checker::fault_out,
       make<IgnoresTrackers>},
      {"deaf_to_group", "a member stays master without the others", Checker::sync_group,
       make<DeafToGroup>},
      {"fault_of_one", "a fault does not reach the other members", Checker::sync_group,
       make<FaultOfOne>},
      {"stops_at_once", "a planned stop does not wait", Checker::no_gap, make<StopsAtOnce>},
      {"ignores_zero", "priority 0 is not heard", Checker::no_gap, make<IgnoresPriorityZero>},
      {"never_stops", "a stop is not obeyed", Checker::stops, make<NeverStops>},
      {"never_announces", "no gratuitous ARP", Checker::neighbours, make<NeverAnnounces>},
      {"silent_survivor", "no announcement after a conflict", Checker::neighbours,
       make<SilentSurvivor>},
      {"stutters", "every advert twice", Checker::advert_rate, make<Stutters>},
      {"skips_beats", "every third advert is left out", Checker::advert_rate, make<SkipsBeats>},
      {"chatty_backup", "a backup answers adverts", Checker::advert_rate, make<ChattyBackup>},
      {"trusts_passwords", "the password is not compared", Checker::hostile, make<TrustsPasswords>},
      {"trusts_checksums", "the checksum is not looked at", Checker::hostile,
       make<TrustsChecksums>},
      {"loud_reload", "a reload announces the addresses", Checker::reload, make<LoudReload>},
      {"slow_to_believe", "a lost master is believed too late", Checker::detection,
       make<SlowToBelieve>},
      {"hasty", "a timer that stays due", Checker::progress, make<Hasty>},
      {"sleeps_unnoticed", "a master that slept goes on", Checker::sleeper, make<SleepsUnnoticed>},
  };
  return kinds;
}

}  // namespace baton::simulation
