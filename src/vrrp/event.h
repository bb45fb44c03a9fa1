// What goes into the machine and what comes out of it, as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "net/address.h"
#include "vrrp/packet.h"
#include "vrrp/settings.h"
#include "vrrp/tracker.h"

namespace baton::vrrp {

struct PeerReport;  // heartbeat.h

enum class State : std::uint8_t { init, backup, master, fault, stopped };

// "INIT", "BACKUP", "MASTER", "FAULT", "STOPPED"
const char* name_of(State state);

namespace event {

// Takes part from now on. Until then everything but settings and trackers is ignored.
struct Start {};

// An advert for this virtual router came in on its interface.
struct AdvertReceived {
  const ParsedAdvert* advert;  // valid during the call
};

// The instant of deadline() has come. Sockets are read before this is told, so that an advert that
// was waiting all along is seen first.
struct TimerDue {};

struct TrackerReported {
  std::size_t index = 0;  // in Settings::trackers
  Health health = Health::unknown;
  std::string detail;  // why; may be empty
  int value = 0;       // of a scaled tracker
};

// The address that adverts are sent from; nothing when the interface has none.
struct SourceChanged {
  std::optional<net::IpAddress> source;
};

// This process did not run when it wanted to, for that long; others may have been elected.
struct Slept {
  Duration length{};
};

// Fast detection (BFD): the master at that address is watched closely from now on. Its place is
// then taken after 1/256 of `stagger` for every step by which our priority is lower than its own.
// With 0 it is no longer watched, which says nothing about its health.
struct MasterWatched {
  net::IpAddress master;
  Duration stagger{};
};

// The master that was watched has been silent for `detection`.
struct MasterLost {
  net::IpAddress master;
  Duration detection{};
};

// Other settings for the same virtual router (same interface, id, family and version).
struct Reconfigured {
  Settings settings;
};

// Somebody else on the link says that it has one of our addresses (an ARP reply or announcement).
struct AddressClaimed {
  net::IpAddress address;
  net::Mac by;
};

// What another node of the pair tells of this virtual router on the second heartbeat path.
struct PeerReported {
  const PeerReport* report;  // valid during the call
};

// The answer to AskWitness; `detail` says of whom, or why not.
struct WitnessReported {
  bool reachable = false;
  std::string detail;
};

// The interface has received a frame since it was looked at last (takeover.h).
struct LinkReceived {};

struct Stop {
  bool yield = true;  // keep the addresses until the successor is heard, for a bounded time
  // The successor was told by other means (TakeOver) and comes by itself; priority 0 is sent only
  // when it does not.
  bool successor_told = false;
};

// An operator hands the addresses to another node: as Stop with `yield`, but this one stays as
// BACKUP and does not preempt while the successor lives. When nobody takes over, it goes on.
struct Pass {
  bool successor_told = false;  // as for Stop
};

// The master hands over to this node, over the pair link: no timer needs to end first.
struct TakeOver {
  std::string from;  // for people
};

// Whether the master can be asked (action::AskPass) before a preempting return.
struct MasterReachable {
  bool reachable = false;
};

// The master was asked (action::AskPass) and moves its addresses: to this node, or, before that, to
// another one. It may be asked again.
struct MasterAnswered {};

// The successor that was told (Pass, Stop) cannot take over after all.
struct SuccessorLost {};

// From the sync group (sync_group.h), to its members only.
// All members can be master: take over, if still wanted.
struct GroupMaster {};
// Another member is not master: give up.
struct GroupBackup {
  std::string reason;
};
// Another member has a fault, `cause` is its name; empty: no longer.
struct GroupFault {
  std::string cause;
};

}  // namespace event

using Event =
    std::variant<event::Start, event::AdvertReceived, event::TimerDue, event::TrackerReported,
                 event::SourceChanged, event::Slept, event::MasterWatched, event::MasterLost,
                 event::Reconfigured, event::AddressClaimed, event::PeerReported,
                 event::WitnessReported, event::LinkReceived, event::Stop, event::Pass,
                 event::TakeOver, event::MasterReachable, event::MasterAnswered,
                 event::SuccessorLost, event::GroupMaster, event::GroupBackup, event::GroupFault>;

namespace action {

struct SendAdvert {
  std::uint8_t priority = 0;
  std::uint32_t sequence = 0;  // with AH, for all its destinations
};

// Makes the addresses on the interface those of the settings: adds what is missing and removes
// what this instance held and no longer has.
struct AddAddresses {};
struct RemoveAddresses {};

// Gratuitous ARP for every address, `repeat` frames each.
struct Announce {
  std::uint32_t repeat = 1;
};

// Asks the other VRRP routers of the link whether one of them also has the first address.
struct Probe {};

// Asks the witnesses; answered by WitnessReported.
struct AskWitness {};

// Asks the neighbours on the link, so that a link that lives has something to receive.
struct Solicit {};

// Sends Instance::make_report() on the second path.
struct SendReport {};

// A preempting return is due: the master is asked to pass, and given a moment for it.
struct AskPass {};

// A state that was entered, a lower advert heard as master, another effective priority.
enum class Notice : std::uint8_t { master, backup, fault, stop, lower_priority, priority };

struct Notify {
  Notice notice = Notice::backup;
  std::uint8_t priority = 0;
};

struct LogLine {
  LogLevel level = LogLevel::info;
  std::string text;
  bool detail = false;  // only with -D
};

struct Transition {
  State from = State::init;
  State to = State::init;
  std::string reason;
};

}  // namespace action

using Action = std::variant<action::SendAdvert, action::AddAddresses, action::RemoveAddresses,
                            action::Announce, action::Probe, action::AskWitness, action::AskPass,
                            action::Solicit, action::SendReport, action::Notify, action::LogLine,
                            action::Transition>;

// In the order in which they are to be done. Empty, and without allocation, for the ordinary
// advert that a backup hears.
using Actions = std::vector<Action>;

}  // namespace baton::vrrp
